import { crc32 } from 'node:zlib'
import { Fault } from '../flow/fault.ts'
import { silent, type Logger } from '../flow/log.ts'
import {
  offset,
  recordBytes,
  type Offset,
  type Partition,
  type Position,
  type Positions,
} from '../market/records.ts'
import { offsetAt } from './block.ts'
import type { Bounds, Log } from './tape.ts'

/**
 * Asks whether this log is the one that `positions` were taken from, before anything is read behind them.
 * Faults, all `corrupt`: a position past the end, a position before the earliest record (trimmed before it
 * landed), a last landed record that is not there or whose CRC-32 differs. A last landed record that was
 * trimmed after it landed cannot be compared: that is said to `log` and passes.
 */
export async function checkResume(
  source: Log,
  positions: Positions,
  log: Logger = silent,
): Promise<void> {
  const bounds = await source.bounds()
  for (const [partition, position] of positions) {
    const place = `log ${source.id}, partition ${partition}`
    const bound = bounds.get(partition)
    if (bound === undefined) throw noPartition(place, position)
    checkBounds(place, position, bound)
    const { last } = position
    if (last === null) continue
    if (last.offset < bound.earliest) {
      log('warn', 'the last landed record was trimmed, so it cannot be compared', {
        log: source.id,
        partition,
        offset: last.offset,
      })
      continue
    }
    const found = await crcAt(source, partition, last.offset)
    if (found !== last.crc) throw otherRecord(place, position, found)
  }
}

function checkBounds(place: string, { next }: Position, { earliest, end }: Bounds): void {
  if (next > end)
    throw new Fault(
      'corrupt',
      `${place}: the lake holds records up to ${next}, but the tape ends at ${end}`,
      {
        remedy:
          'The tape was truncated, or restored from an older copy. Put back the tape that holds them, or record what comes to a new one (another folder or topic) and land it with --adopt-tape.',
      },
    )
  if (next < earliest)
    throw new Fault(
      'corrupt',
      `${place}: records [${next}, ${earliest}) were trimmed before they landed`,
      {
        remedy:
          'Restore the tape that holds them, or run `ticklake land --accept-gap`, which goes on after the hole and records it.',
      },
    )
}

/** The CRC-32 of the record at `at`; null: the log has no record there. */
async function crcAt(source: Log, partition: Partition, at: Offset): Promise<number | null> {
  const until = new Map([[partition, offset(at + 1)]])
  for await (const run of source.read(
    new Map([[partition, at]]),
    until,
    new AbortController().signal,
  )) {
    for (let i = 0; i < run.count; i++)
      if (offsetAt(run, i) === at) return crc32(recordBytes(run, i))
  }
  return null
}

const noPartition = (place: string, { next }: Position): Fault =>
  new Fault(
    'corrupt',
    `${place}: the lake holds records up to ${next}, but the tape has no such partition`,
    {
      remedy:
        'The tape was replaced. Put back the one that holds them, or start a new tape for what comes.',
    },
  )

function otherRecord(place: string, { last }: Position, found: number | null): Fault {
  const what = found === null ? 'there is none' : 'another one is'
  return new Fault(
    'corrupt',
    `${place}: at offset ${last?.offset}, where the last landed record was, ${what} on the tape`,
    {
      remedy:
        'The tape was restored from a copy and has grown since, or was replaced. Put back the one that landed, or start a new tape for what comes.',
    },
  )
}
