import type { Parts } from '../config/components.ts'
import type { Engine, EngineName, Progress, Tell } from '../config/engines.ts'
import type { Answer, Query, Value } from '../query/query.ts'
import type { Invocation } from './command.ts'
import { showBytes, showCount } from './times.ts'

/** What takes no longer says nothing meanwhile. */
const QUIET_MS = 1000
/** Back to the line's start, and the line erased. */
const CLEAR = '\r\u001B[K'

/** An engine of others at a command: how its queries stand is shown on stderr, on a terminal. */
export type Shown = {
  readonly engine: Engine
  /** Says in one line what the last query took, where it took anything; once. */
  readonly took: () => void
}

/** Opens an engine of others for one command; it is closed afterwards. */
export async function withEngine<T>(
  invocation: Invocation,
  name: EngineName,
  use: (shown: Shown, parts: Parts) => Promise<T>,
): Promise<T> {
  const { partsOf } = await import('../config/components.ts')
  const { openEngine } = await import('../config/engines.ts')
  const parts = partsOf(await invocation.settings())
  const line = progressLine(invocation)
  const engine = await openEngine(parts, name, line.tell)
  await using query = engine.query
  const shown = { ...engine, query: quieted(query, line) }
  try {
    return await use({ engine: shown, took: line.took }, parts) // awaited here, before it is closed
  } finally {
    line.took()
  }
}

/** Said once: what these engines see is the lake alone. */
export function lakeOnlyNote({ terminal, json }: Invocation, title: string): void {
  if (!json)
    terminal.err(
      `${title} sees what has landed, not the tape after it: up to the last commit (land.age).\n`,
    )
}

type ProgressLine = {
  readonly tell: Tell
  /** Erases the line, as something else is written. */
  readonly clear: () => void
  /** From now on there is no line: rows are written. */
  readonly mute: (muted: boolean) => void
  readonly took: () => void
}

function progressLine({ terminal, json }: Invocation): ProgressLine {
  const isScreen = terminal.errIsScreen && !json
  let isShown = false
  let isMuted = false
  let last: Progress | null = null
  const clear = () => {
    if (isShown) terminal.err(CLEAR)
    isShown = false
  }
  return {
    clear,
    mute: (muted) => void (isMuted = muted),
    tell: (progress) => {
      clear()
      if (progress.ended) last = progress
      else if (isScreen && !isMuted && progress.millis >= QUIET_MS) {
        terminal.err(runningText(progress))
        isShown = true
      }
    },
    took: () => {
      clear()
      // A query that was wrong from the start took nothing.
      const isNothing = last?.state === 'FAILED' && last.scannedBytes === 0
      if (last !== null && !isNothing)
        terminal.err(json ? costJson(last) : `${terminal.paint('dim', costText(last))}\n`)
      last = null
    },
  }
}

/** The line is there until the first rows come: they are written where it stood. */
function quieted(query: Query, { clear, mute }: ProgressLine): Query {
  async function* quietly(
    batches: Answer['batches'],
  ): AsyncGenerator<readonly (readonly Value[])[]> {
    for await (const batch of batches) {
      clear()
      mute(true)
      yield batch
    }
  }
  return {
    ...query,
    run: async (sql, limits, signal) => {
      mute(false)
      const answer = await query.run(sql, limits, signal)
      clear()
      return { ...answer, batches: quietly(answer.batches) }
    },
  }
}

const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`

/** `running · 12.3 MB · 3 of 5 splits · 1.2 s`. */
function runningText({ state, scannedBytes, splits, millis }: Progress): string {
  return [
    state.toLowerCase(),
    showBytes(scannedBytes),
    ...(splits === null ? [] : [`${showCount(splits.done)} of ${showCount(splits.total)} splits`]),
    seconds(millis),
  ].join(' · ')
}

/** `scanned 12.3 MB · $0.00006 · 1.2 s`. */
function costText({ scannedBytes, splits, cost, millis }: Progress): string {
  return [
    `scanned ${showBytes(scannedBytes)}`,
    ...(splits === null
      ? []
      : [`${showCount(splits.total)} split${splits.total === 1 ? '' : 's'}`]),
    ...(cost === null ? [] : [dollars(cost)]),
    seconds(millis),
  ].join(' · ')
}

const costJson = ({ scannedBytes, cost, millis }: Progress): string =>
  `${JSON.stringify({ scanned_bytes: scannedBytes, cost_usd: cost, seconds: millis / 1000 })}\n`

/** US dollars in full cents, or below that to the first digit that is not zero: `$0.00006`. */
export function dollars(usd: number): string {
  if (usd === 0) return '$0'
  if (usd >= 1) return `$${usd.toFixed(2)}`
  return `$${usd.toFixed(Math.max(2, Math.ceil(-Math.log10(usd))))}`
}
