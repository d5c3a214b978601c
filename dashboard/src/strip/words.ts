import type { Status } from '../../../src/serve/contract/status.ts'
import type { Connected } from '../connection.ts'
import type { IconName } from '../shell/icon.tsx'

export type StateName = Status['state']['name']
export type Tone = 'good' | 'warn' | 'bad' | 'info' | 'muted'
/** How things are, as far as this page knows. */
export type Standing = {
  readonly name: StateName | 'Connecting'
  readonly sentence: string
}

/** Each state has a sign of its own beside its word: colour alone says nothing. */
export const LOOKS: Readonly<Record<Standing['name'], { tone: Tone; icon: IconName }>> = {
  Live: { tone: 'good', icon: 'dot' },
  Simulated: { tone: 'info', icon: 'diamond' },
  'Market closed': { tone: 'muted', icon: 'moon' },
  Degraded: { tone: 'warn', icon: 'triangle' },
  Stale: { tone: 'warn', icon: 'ring' },
  Disconnected: { tone: 'bad', icon: 'cross' },
  Connecting: { tone: 'muted', icon: 'ring' },
}

/** What the server said last holds only while it goes on speaking. */
export function standingOf(
  status: Status | null,
  { state, signedOut }: Pick<Connected, 'state'> & { readonly signedOut: boolean },
): Standing {
  if (signedOut)
    return { name: 'Disconnected', sentence: 'The server asks for its token: sign in to go on.' }
  if (state === 'lost')
    return {
      name: 'Disconnected',
      sentence: 'This page does not reach the server: how the recorder is, is not known.',
    }
  if (status === null) return { name: 'Connecting', sentence: 'Asking the server.' }
  const { name, sentence } = status.state
  return { name, sentence: withoutStop(sentence, status.landing_stopped) }
}

/** Why landing stopped stands below, with its remedy: the sentence need not say it too. */
function withoutStop(sentence: string, stopped: Status['landing_stopped']): string {
  if (stopped === null) return sentence
  const said = `Landing has stopped: ${stopped.message}. ${stopped.remedy}`
  return sentence.replace(said, 'Landing has stopped.').trim()
}
