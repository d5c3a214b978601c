import { createHash } from 'node:crypto'
import { isoOf } from '../../market/times.ts'
import type { Metadata } from '../iceberg/metadata-document.ts'
import { decodePositions, positionProperties, positionsKey } from '../iceberg/positions.ts'
import { logId } from '../../market/records.ts'
import type { PurgeNote } from '../lake.ts'
import type { Purged } from './purge.ts'

/** The table property that tells which rows were purged, so that nobody takes them for lost. */
const PURGED = 'ticklake.purged'
// Older ones are forgotten: the document is written whole by every commit.
const NOTES_MAX = 200

/** As `PurgeNote` names a symbol. */
export const symbolHash = (symbol: string): string =>
  createHash('sha256').update(symbol).digest('hex').slice(0, 32)

type Written = {
  readonly kind: Purged['kind']
  readonly symbols?: readonly string[]
  readonly beforeMs?: number
  readonly at: string
  readonly positions: Readonly<Record<string, string>>
}

/** What a commit that purges writes beside; `planned` is the table whose files were looked through. */
export function purgeNote(
  planned: Metadata,
  what: Purged,
  nowMs: number,
): (base: Metadata) => Readonly<Record<string, string>> {
  const note: Written = {
    kind: what.kind,
    ...(what.kind === 'symbols' && { symbols: what.symbols.map(symbolHash).toSorted() }),
    ...(what.kind === 'before' && { beforeMs: what.beforeMs }),
    at: isoOf(nowMs),
    positions: positionProperties(planned.properties),
  }
  const same = (one: Written) =>
    note.kind === 'all' ||
    (one.kind === note.kind &&
      one.beforeMs === note.beforeMs &&
      String(one.symbols) === String(note.symbols))
  return ({ properties }) => {
    const others = written(properties).filter((one) => !same(one))
    return { [PURGED]: JSON.stringify([...others, note].slice(-NOTES_MAX)) }
  }
}

/** What was purged from a table. What cannot be read counts for nothing: its rows are then missing. */
export const purgeNotes = ({ properties }: Metadata): readonly PurgeNote[] =>
  written(properties).map(({ kind, symbols = [], beforeMs = 0, positions }) => ({
    what:
      kind === 'symbols'
        ? { kind, hashes: new Set(symbols) }
        : kind === 'before'
          ? { kind, beforeMs }
          : { kind },
    below: new Map(
      Object.entries(positions).map(([key, text]) => [
        logId(key.slice(positionsKey(logId('')).length)),
        new Map([...decodePositions(text)].map(([partition, { next }]) => [partition, next])),
      ]),
    ),
  }))

function written(properties: Metadata['properties']): readonly Written[] {
  try {
    const parsed: unknown = JSON.parse(properties[PURGED] ?? '[]')
    return Array.isArray(parsed) ? parsed.filter(isWritten) : []
  } catch {
    return []
  }
}

const isWritten = (one: unknown): one is Written =>
  typeof one === 'object' &&
  one !== null &&
  'kind' in one &&
  (one.kind === 'all' || one.kind === 'before' || one.kind === 'symbols') &&
  'positions' in one &&
  typeof one.positions === 'object' &&
  one.positions !== null
