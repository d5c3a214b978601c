import { crc32 } from 'node:zlib'
import type { Clock } from '../flow/clock.ts'
import { assert } from '../flow/fault.ts'
import type { Stage } from '../flow/stream.ts'
import {
  offset,
  recordBytes,
  type Landmark,
  type Offset,
  type Partition,
  type Position,
  type Run,
} from '../market/records.ts'
import type { Rows } from '../market/tables.ts'
import type { Rolled, Stretch } from './lake.ts'

export type RollLimits = {
  /** A roll closes when it holds at least this many rows; the batch that fills it is not cut. */
  readonly rowsMax: number
  /** …or at least this many bytes of records. */
  readonly bytesMax: number
  /** …or when its first batch came this long ago, also while nothing more comes. */
  readonly ageMsMax: number
}

/**
 * Gathers batches into rolls. Each partition's stretch is contiguous (a batch that does not begin where the
 * one before ended is a `bug`); runs without records still move the position. When the input ends, what is
 * held is yielded; when it fails, what is held is dropped, as nothing of it was committed.
 */
export const createRoll = ({
  clock,
  ...limits
}: RollLimits & { clock: Clock }): Stage<Rows, Rolled> =>
  async function* roll(input) {
    const source = input[Symbol.asyncIterator]()
    let pending: Promise<IteratorResult<Rows>> | undefined
    const reached = new Map<Partition, Position>()
    let gathering = open(clock, reached)
    try {
      while (true) {
        pending ??= source.next()
        const left = gathering.openedMs + limits.ageMsMax - clock.monotonic()
        const result = gathering.isEmpty() ? await pending : await within(pending, left, clock)
        if (result === 'late') {
          yield gathering.close()
          gathering = open(clock, reached)
          continue
        }
        pending = undefined
        if (result.done === true) break
        gathering.add(result.value)
        if (gathering.rows() < limits.rowsMax && gathering.bytes() < limits.bytesMax) continue
        yield gathering.close()
        gathering = open(clock, reached)
      }
      if (!gathering.isEmpty()) yield gathering.close()
    } finally {
      // A read that is still under way ends when it can: a turn that is over does not wait for the next record.
      pending?.catch(() => undefined)
      const returned = source.return?.()
      if (pending === undefined) await returned
      else returned?.catch(() => undefined)
    }
  }

/** What `pending` gives, or 'late' after `ms`; `pending` stays as it is, so nothing is lost. */
async function within<T>(pending: Promise<T>, ms: number, clock: Clock): Promise<T | 'late'> {
  if (ms <= 0) return 'late'
  const over = new AbortController()
  try {
    return await Promise.race([pending, clock.sleep(ms, over.signal).then(() => 'late' as const)])
  } finally {
    over.abort()
  }
}

type Gathering = {
  readonly openedMs: number
  isEmpty(): boolean
  rows(): number
  bytes(): number
  add(batch: Rows): void
  close(): Rolled
}

/** `reached` outlives a roll: where each partition stood when the one before closed. */
function open(clock: Clock, reached: Map<Partition, Position>): Gathering {
  const batches: Rolled['batches'][number][] = []
  const stretches = new Map<Partition, Stretch>()
  let openedMs = 0
  let rows = 0
  let bytes = 0
  return {
    get openedMs() {
      return openedMs
    },
    isEmpty: () => stretches.size === 0,
    rows: () => rows,
    bytes: () => bytes,
    add: (batch) => {
      const { run } = batch
      if (run.next === run.first) return
      if (stretches.size === 0) openedMs = clock.monotonic()
      assert(batch.count === run.count, `${run.count} records became ${batch.count} rows`)
      const position = after(reached.get(run.partition), run)
      reached.set(run.partition, position)
      const first = stretches.get(run.partition)?.first ?? run.first
      stretches.set(run.partition, { first, position })
      if (batch.count === 0) return
      batches.push({ count: batch.count, columns: batch.columns })
      rows += batch.count
      bytes += run.ends[run.count - 1] ?? 0
    },
    close: () => ({ batches, rows, stretches, openedMs }),
  }
}

function after(before: Position | undefined, run: Run): Position {
  assert(
    before === undefined || before.next === run.first,
    `partition ${run.partition}: records from ${run.first} follow ${before?.next}`,
  )
  return { next: run.next, last: landmark(run) ?? before?.last ?? null }
}

/** The last record of a run; null: it has none. */
function landmark(run: Run): Landmark | null {
  const at = run.count - 1
  const delta = run.delta[at]
  if (delta === undefined || at < 0) return null
  const last: Offset = offset(run.first + delta)
  return { offset: last, crc: crc32(recordBytes(run, at)) }
}
