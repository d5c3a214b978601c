import { Fault } from '../flow/fault.ts'
import type { Session } from '../market/sessions.ts'
import { sqlText, sqlTime, sqlWhere } from './literals.ts'
import { lookBack, type Found, type Window } from './look-back.ts'
import type { Query, Value } from './query.ts'
import { cellText } from './row-text.ts'
import { numberOf, rowsOf, sessionOf, shared, type Bounds } from './rows.ts'

/** The first look back, ms: of all symbols some seconds are enough, of one it may be quiet. */
const FIRST_MS = { all: 60_000, one: 900_000 } as const

/** A trade's place in the order of `latestTrades`. */
export type TradePlace = {
  readonly tsMs: number
  readonly partition: number
  readonly offset: bigint
  /** The tape that partition and offset are of. */
  readonly tape: string
}

export type TradeRow = TradePlace & {
  readonly symbol: string
  readonly price: number
  readonly volume: number
  readonly conditions: string | null
  readonly session: Session
  readonly receivedMs: number
}

export type TradesAsked = {
  /** Null: of all symbols. */
  readonly symbol: string | null
  /** Before this moment, ms since 1970 UTC, or after this trade in the order; null: from the newest on. */
  readonly before: number | TradePlace | null
  readonly limit: number
}

/** Trades newest first, by (ts, partition, offset, tape); looks back, so that a long lake is no slower than a short one. */
export async function latestTrades(
  query: Query,
  { symbol, before, limit }: TradesAsked,
  bounds: Bounds,
): Promise<Found<TradeRow>> {
  if (symbol?.includes('\0') === true)
    throw new Fault('invalid', 'no trades of this symbol', {
      remedy: 'A symbol is what the feed calls it.',
    })
  const each = shared(bounds)
  const place = typeof before === 'object' ? before : null
  const toMs = place === null ? (before as number | null) : place.tsMs + 1
  const firstMs = symbol === null ? FIRST_MS.all : FIRST_MS.one
  const ofSymbol = symbol === null ? [] : [`symbol = ${sqlText(symbol)}`]
  const of = { query, where: ofSymbol, each }
  const looking = {
    fromMs: null,
    toMs,
    count: limit,
    firstMs,
    nowMs: Date.now(),
    isAnyBefore: (ms: number) => isAnyBefore(of, ms),
    newestIn: null,
  }
  return lookBack(looking, async (window, count) => {
    const where = [...ofSymbol, ...within(window), ...(place === null ? [] : [after(place)])]
    const sql = `SELECT symbol, price, volume, conditions, session, epoch_ms(ts), epoch_ms(received_at),
  tape_partition, tape_offset, tape
FROM trades ${sqlWhere(where)}
ORDER BY ts DESC, tape_partition, tape_offset DESC, tape LIMIT ${count}`
    const { asOf, rows } = await rowsOf(query, sql, each())
    return { asOf, found: rows.map(tradeRow) }
  })
}

/** Some of the trades: those of which all of `where` holds. */
type Some = {
  readonly query: Query
  readonly where: readonly string[]
  /** The bounds of the next statement. */
  readonly each: () => Bounds
}

/** Whether some were traded before a moment, ms since 1970 UTC. */
export async function isAnyBefore({ query, where, each }: Some, ms: number): Promise<boolean> {
  const before = sqlWhere([...where, `ts < ${sqlTime(ms)}`])
  const { rows } = await rowsOf(query, `SELECT 1 FROM trades ${before} LIMIT 1`, each())
  return rows.length > 0
}

/** When the last of them in a window was traded, ms since 1970 UTC; null: none was. */
export async function newestIn(
  { query, where, each }: Some,
  window: Window,
): Promise<number | null> {
  // Unlike max(ts) it lets the reader pass over all row groups that end before one that it has read.
  const sql = `SELECT epoch_ms(ts) FROM trades ${sqlWhere([...where, ...within(window)])} ORDER BY ts DESC LIMIT 1`
  const { rows } = await rowsOf(query, sql, each())
  return numberOf(rows[0]?.[0])
}

const within = ({ fromMs, toMs }: Window): readonly string[] => [
  ...(fromMs === null ? [] : [`ts >= ${sqlTime(fromMs)}`]),
  ...(toMs === null ? [] : [`ts < ${sqlTime(toMs)}`]),
]

/** A recording that was recorded again has the same moments at the same places of another tape. */
const after = ({ tsMs, partition, offset, tape }: TradePlace): string =>
  `(ts < ${sqlTime(tsMs)} OR tape_partition > ${partition}
   OR (tape_partition = ${partition} AND (tape_offset < ${offset}
     OR (tape_offset = ${offset} AND tape > ${sqlText(tape)}))))`

const tradeRow = (row: readonly Value[]): TradeRow => {
  const [symbol, price, volume, conditions, session, tsMs, receivedMs, partition, offset, tape] =
    row
  return {
    symbol: cellText(symbol ?? null) ?? '',
    price: Number(price),
    volume: Number(volume),
    conditions: cellText(conditions ?? null),
    session: sessionOf(session),
    tsMs: Number(tsMs),
    receivedMs: Number(receivedMs),
    partition: Number(partition),
    offset: BigInt(cellText(offset ?? null) ?? 0),
    tape: cellText(tape ?? null) ?? '',
  }
}
