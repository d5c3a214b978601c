import type { Offset, Partition, Run } from '../market/records.ts'
import type { Group, Log, StartOf } from '../tape/tape.ts'

export type Stopping = {
  readonly stop: AbortSignal
  /** After `stop` all is over within this, landed or not. */
  readonly limitMs: number
}

/**
 * `log` whose turns end with what has come: after `stop` the turn under way is the last, and ends where the tape
 * ended at `stop`, of the partitions that it was given; where none is under way, or it fails, one more follows.
 * So who is stopped leaves its group once, and joins it no more. A turn is refused as any other.
 */
export const untilStopped = (log: Log, stopping: Stopping): Log => ({
  ...log,
  turns: (group, signal) => softTurns(log, group, { ...stopping, signal }),
})

async function* softTurns(
  log: Log,
  group: Group,
  { stop, limitMs, signal }: Stopping & { readonly signal: AbortSignal },
): AsyncGenerator<AsyncIterable<Run>, void, undefined> {
  const over = new AbortController()
  let limit: NodeJS.Timeout | undefined
  const last = catchUp(log, () => over.abort())
  const onStop = () => {
    limit = setTimeout(() => over.abort(), limitMs)
    void last.begin()
  }
  const start: StartOf = async (mine) => {
    const positions = await group.start(mine)
    const bounds = await log.bounds()
    last.open(mine.map((at) => [at, positions.get(at)?.next ?? bounds.get(at)?.earliest]))
    if (stop.aborted) await last.begin()
    return positions
  }
  if (stop.aborted) onStop()
  else stop.addEventListener('abort', onStop, { once: true })
  try {
    const ends = AbortSignal.any([signal, over.signal])
    for await (const turn of log.turns({ id: group.id, start }, ends)) {
      const isLast = stop.aborted
      const turned = { whole: false }
      yield softTurn(turn, last, turned)
      if (isLast || (stop.aborted && turned.whole)) return
    }
  } finally {
    clearTimeout(limit)
    stop.removeEventListener('abort', onStop)
  }
}

async function* softTurn(
  turn: AsyncIterable<Run>,
  last: CatchUp,
  turned: { whole: boolean },
): AsyncGenerator<Run, void, undefined> {
  try {
    for await (const run of turn) {
      yield run
      if (last.reached(run)) break
    }
    turned.whole = true
  } finally {
    last.close()
  }
}

type CatchUp = {
  /** A turn begins, there. */
  open(places: readonly (readonly [Partition, Offset | undefined])[]): void
  /** The turn is to end where the tape ends now; where none has begun, that is asked when one does. */
  begin(): Promise<void>
  /** Notes that the run was taken; true: it was the last before the end. */
  reached(run: Run): boolean
  /** The turn is over. */
  close(): void
}

/** What a turn has still to read once it is to end; `done` when that is nothing. */
function catchUp(log: Log, done: () => void): CatchUp {
  let places: Map<Partition, Offset> | null = null
  let behind: Map<Partition, Offset> | null = null
  const begin = async () => {
    const mine = places
    if (mine === null) return
    const bounds = await log.bounds()
    if (places !== mine) return
    behind = new Map()
    for (const [at, place] of mine) {
      const end = bounds.get(at)?.end
      if (end !== undefined && place < end) behind.set(at, end)
    }
    if (behind.size === 0) done()
  }
  return {
    open: (begun) => {
      behind = null
      places = new Map()
      for (const [at, place] of begun) if (place !== undefined) places.set(at, place)
    },
    begin: async () => {
      try {
        await begin()
      } catch {
        done() // the tape cannot be asked: the next start goes on from there
      }
    },
    reached: ({ partition, next }) => {
      places?.set(partition, next)
      if (behind === null) return false
      if (next >= (behind.get(partition) ?? Infinity)) behind.delete(partition)
      return behind.size === 0
    },
    close: () => void (places = behind = null),
  }
}
