/** How the recorder is, in one word for the strip on every page. */
export const STATES = [
  'Live',
  'Simulated',
  'Market closed',
  'Degraded',
  'Stale',
  'Disconnected',
] as const
export type StateName = (typeof STATES)[number]
export type State = { readonly name: StateName; readonly sentence: string }

/** Why a part does nothing and tries again only now and then, and what a person can do. */
export type Stopped = { readonly message: string; readonly remedy: string }
export const stoppedText = ({ message, remedy }: Stopped): string =>
  `Landing has stopped: ${message}. ${remedy}`

/** More than this many seconds between tape and lake is worth a word. */
const LAG_SECONDS_MAX = 120

export type Signs = {
  readonly nowMs: number
  readonly source: string
  readonly simulated: boolean
  /** A recorder, a lander writes its status. */
  readonly recorder: boolean
  readonly lander: boolean
  /** Why landing does not go on until a person has done something; null: it goes on. */
  readonly stopped: Stopped | null
  /** What the last session event says of the connection; null: there is none yet. */
  readonly connected: boolean | null
  readonly closedCause: string | null
  /** When the newest trade came; null: none yet. */
  readonly lastTradeMs: number | null
  /** No trade for this long while a market is open is worth a word, ms. */
  readonly silenceMs: number
  /** Some market of the subscribed symbols is open now. */
  readonly marketOpen: boolean
  readonly lagSeconds: number | null
}

/** The worst thing that is true now; that landing waits for a person and that trades are made up, besides. */
export function stateOf(signs: Signs): State {
  const { name, sentence } = recordingState(signs)
  const { stopped, simulated } = signs
  const sentences = [
    ...(stopped === null ? [] : [stoppedText(stopped)]),
    ...(stopped === null || name === 'Disconnected' ? [sentence] : []),
    ...(simulated && (name !== 'Simulated' || stopped !== null) ? [SIMULATED] : []),
  ]
  const shown = stopped === null || name === 'Disconnected' ? name : 'Degraded'
  return { name: shown, sentence: sentences.join(' ') }
}

const SIMULATED = 'These are simulated trades, not a market.'

function recordingState(signs: Signs): State {
  const { recorder, lander, connected, simulated } = signs
  if (!recorder)
    return { name: 'Disconnected', sentence: 'No recorder is running: nothing is recorded now.' }
  if (connected === false)
    return {
      name: 'Disconnected',
      sentence: `Not connected to ${signs.source}${signs.closedCause === null ? '' : ` (${signs.closedCause})`}: what is sent now is missed and will show as a gap.`,
    }
  if (connected === null)
    return { name: 'Disconnected', sentence: `Connecting to ${signs.source}.` }
  if (!lander)
    return {
      name: 'Degraded',
      sentence: 'Trades are recorded on the tape; none is landed, because no lander is running.',
    }
  if ((signs.lagSeconds ?? 0) > LAG_SECONDS_MAX)
    return {
      name: 'Degraded',
      sentence: `Trades are recorded; the lake is ${Math.round(signs.lagSeconds ?? 0)} s behind the tape.`,
    }
  return quietOrLive(signs, simulated)
}

function quietOrLive(signs: Signs, simulated: boolean): State {
  const { lastTradeMs, nowMs, marketOpen, source, silenceMs } = signs
  const quiet = lastTradeMs === null || nowMs - lastTradeMs > silenceMs
  if (quiet && !marketOpen && !simulated)
    return { name: 'Market closed', sentence: 'Connected; the market is closed.' }
  if (quiet && lastTradeMs !== null)
    return {
      name: 'Stale',
      sentence: `Connected to ${source}, but no trade came for ${Math.round((nowMs - lastTradeMs) / 1000)} s.`,
    }
  if (quiet) return { name: 'Stale', sentence: `Connected to ${source}; no trade came yet.` }
  if (simulated)
    return {
      name: 'Simulated',
      sentence: `${SIMULATED} Set FINNHUB_TOKEN to record real ones.`,
    }
  return { name: 'Live', sentence: `Recording ${source}, landing in the lake.` }
}
