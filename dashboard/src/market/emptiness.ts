import type { Status } from '../../../src/serve/contract/status.ts'

export type Emptiness = { readonly title: string; readonly text: string }

/** Why there is nothing to show yet, and what will change that. */
export function emptinessOf(status: Status | null): Emptiness {
  if (status === null)
    return { title: 'Connecting', text: 'The server has not said yet how the recorder is.' }
  const { feed, source, state, parts } = status
  if (feed.connected === true)
    return {
      title: 'Waiting for the first trade',
      text: `${source} is connected, ${feed.symbols} ${feed.symbols === 1 ? 'symbol' : 'symbols'} subscribed. ${state.sentence}`,
    }
  const records = parts.some(({ part }) => part === 'record')
  if (feed.connected === null && !records)
    return {
      title: 'Nothing recorded yet',
      text: `No recorder has said anything. Start one with: ticklake up, or ticklake record. ${state.sentence}`,
    }
  return { title: `Not connected to ${source}`, text: state.sentence }
}
