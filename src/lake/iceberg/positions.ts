import { Fault, isFault } from '../../flow/fault.ts'
import {
  logId,
  offset,
  partition,
  type LogId,
  type Partition,
  type Position,
  type Positions,
} from '../../market/records.ts'
import { ancestors, mainSnapshot, type Metadata } from './metadata-document.ts'

/*
 * Positions are one table property a log, and the same text in the summary of every snapshot of ours:
 *   ticklake.positions.<log id> = {"<partition>":[next, last offset, last CRC-32], …}   or [next]: nothing landed
 */
const PREFIX = 'ticklake.positions.'

export const positionsKey = (log: LogId): string => `${PREFIX}${log}`

export const encodePositions = (positions: Positions): string =>
  JSON.stringify(
    Object.fromEntries(
      [...positions]
        .sort(([a], [b]) => a - b)
        .map(([part, { next, last }]) => [
          String(part),
          last === null ? [next] : [next, last.offset, last.crc],
        ]),
    ),
  )

export function decodePositions(text: string): Positions {
  const parsed = jsonOrNull(text)
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) throw unreadable(text)
  return new Map(
    Object.entries(parsed).map(([part, value]): [Partition, Position] => {
      const [next, at, crc] = Array.isArray(value) ? (value as unknown[]) : []
      if (!/^\d+$/.test(part) || !isCount(next)) throw unreadable(text)
      if (at === undefined && crc === undefined)
        return [partition(Number(part)), { next: offset(next), last: null }]
      if (!isCount(at) || !isCount(crc) || at >= next) throw unreadable(text)
      return [partition(Number(part)), { next: offset(next), last: { offset: offset(at), crc } }]
    }),
  )
}

export type TablePositions = {
  readonly positions: Positions
  /** `unvouched`: every snapshot that could vouch for the property has expired. `unknown`: the log never landed here. */
  readonly state: 'agreed' | 'unvouched' | 'unknown'
}

/**
 * Where `log` stands in the table. The property and the nearest live ancestor of main that has positions must
 * agree: if not, the table was rolled back, or the property was edited (`corrupt`), unless `adoptRollback`
 * takes the ancestor's.
 */
export function tablePositions(
  metadata: Metadata,
  log: LogId,
  adoptRollback = false,
): TablePositions {
  const key = positionsKey(log)
  const property = metadata.properties[key]
  const { text, complete } = nearest(metadata, key)
  if (property === undefined && text === undefined)
    return { positions: new Map(), state: 'unknown' }
  // A chain cut by expiry does not contradict; one that is whole and never had positions does.
  if (property !== undefined && text === undefined && !complete)
    return { positions: decodePositions(property), state: 'unvouched' }
  if (property !== undefined && text !== undefined && same(property, text))
    return { positions: decodePositions(property), state: 'agreed' }
  if (adoptRollback)
    return { positions: text === undefined ? new Map() : decodePositions(text), state: 'agreed' }
  throw new Fault(
    'corrupt',
    `positions of log ${log} disagree: the table property is ${property ?? 'missing'}, main's snapshots say ${text ?? 'nothing'}`,
    {
      remedy:
        'The table was rolled back, or its properties were edited. Roll it forward again, or run `ticklake land --adopt-rollback` to land again from the older positions.',
    },
  )
}

/** The properties that carry positions, of every log; each snapshot's summary repeats them. */
export const positionProperties = (
  properties: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(properties).filter(([key]) => key.startsWith(PREFIX)))

/** The positions in a snapshot's summary, by log; what cannot be read there is left out. */
export function summaryPositions(
  summary: Readonly<Record<string, string>>,
): ReadonlyMap<LogId, Positions> {
  const found = new Map<LogId, Positions>()
  for (const [key, text] of Object.entries(positionProperties(summary)))
    try {
      found.set(logId(key.slice(PREFIX.length)), decodePositions(text))
    } catch (error) {
      if (!isFault(error)) throw error
    }
  return found
}

/**
 * A log that the table does not know may land only where nothing is, or with `adoptTape`: a tape made anew
 * would else land the same trades twice under other offsets.
 */
export function checkTape(metadata: Metadata, log: LogId, adoptTape: boolean): void {
  if (adoptTape || metadata.properties[positionsKey(log)] !== undefined) return
  const others = Object.keys(positionProperties(metadata.properties)).map((key) =>
    key.slice(PREFIX.length),
  )
  const rows = Number(mainSnapshot(metadata)?.summary?.['total-records'] ?? 0)
  if (others.length === 0 && rows === 0) return
  const holds = others.length === 0 ? `${rows} rows` : `the tape ${others.join(', ')}`
  throw new Fault('corrupt', `tape ${log} is not the one that this lake holds (${holds})`, {
    remedy:
      'The tape was deleted and made anew, or belongs to another lake. Put the right tape back, name another lake, or run `ticklake land --adopt-tape` to let both be in it.',
  })
}

/**
 * What a snapshot that moves no position repeats: what main's snapshots say, not the property, so that a rollback
 * still shows after it. Where every snapshot that said it has expired, the property is all there is.
 */
export const carriedPositions = (base: Metadata): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.entries(positionProperties(base.properties)).flatMap(([key, property]) => {
      const { text, complete } = nearest(base, key)
      const said = text ?? (complete && mainSnapshot(base) !== null ? undefined : property)
      return said === undefined ? [] : [[key, said] as const]
    }),
  )

function nearest(metadata: Metadata, key: string): { text: string | undefined; complete: boolean } {
  let oldest: ReturnType<typeof mainSnapshot> = mainSnapshot(metadata)
  for (const snapshot of ancestors(metadata)) {
    const text = snapshot.summary?.[key]
    if (text !== undefined) return { text, complete: true }
    oldest = snapshot
  }
  const parent = oldest?.['parent-snapshot-id']
  return { text: undefined, complete: parent === undefined || parent === null || parent === -1 }
}

const same = (a: string, b: string): boolean =>
  a === b || encodePositions(decodePositions(a)) === encodePositions(decodePositions(b))

const isCount = (value: unknown): value is number =>
  Number.isSafeInteger(value) && Number(value) >= 0

const jsonOrNull = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

const unreadable = (text: string): Fault =>
  new Fault('corrupt', `positions cannot be read: ${text.slice(0, 200)}`, {
    remedy: 'Somebody edited the table property: restore it from the newest snapshot summary.',
  })
