import { sqlText, sqlTime } from './literals.ts'
import type { Query } from './query.ts'
import { cellText } from './row-text.ts'
import { rowsOf, type Bounds } from './rows.ts'

/** A stretch in which trades may be missing, [from, to), ms since 1970 UTC. */
export type GapRow = {
  /** Null: of all symbols. */
  readonly symbol: string | null
  readonly from: number
  readonly to: number
  readonly cause: string
  readonly open: boolean
}

export type GapsAsked = {
  /** Those of these symbols and of all; null: every gap. */
  readonly symbols: readonly string[] | null
  /** Gaps that reach past this; null: no bound. */
  readonly fromMs: number | null
  /** Gaps that begin before this. */
  readonly toMs: number | null
  readonly lengthMsMin: number
}

/** Gaps in order of their start. */
export async function gapRows(
  query: Query,
  { symbols, fromMs, toMs, lengthMsMin }: GapsAsked,
  bounds: Bounds,
): Promise<readonly GapRow[]> {
  const where = [
    `epoch_ms(to_ts) - epoch_ms(from_ts) >= ${lengthMsMin}`,
    ...(fromMs === null ? [] : [`to_ts > ${sqlTime(fromMs)}`]),
    ...(toMs === null ? [] : [`from_ts < ${sqlTime(toMs)}`]),
    ...(symbols === null
      ? []
      : [`(symbol IS NULL OR symbol IN (${symbols.map(sqlText).join(', ')}))`]),
  ]
  const sql = `SELECT symbol, epoch_ms(from_ts), epoch_ms(to_ts), cause, open FROM gaps
WHERE ${where.join(' AND ')} ORDER BY from_ts, symbol`
  const { rows } = await rowsOf(query, sql, bounds)
  return rows.map(([symbol, from, to, cause, open]) => ({
    symbol: cellText(symbol ?? null),
    from: Number(from),
    to: Number(to),
    cause: cellText(cause ?? null) ?? '',
    open: open === true,
  }))
}

/** A gap of several symbols that is one stretch for one cause; no symbols: of all. */
export type JoinedGap = Omit<GapRow, 'symbol'> & { readonly symbols: readonly string[] }

export function joinedGaps(gaps: readonly GapRow[]): readonly JoinedGap[] {
  const same = Map.groupBy(
    gaps,
    ({ symbol, from, to, cause }) => `${symbol === null} ${from} ${to} ${cause}`,
  )
  return [...same.values()].flatMap((group) => {
    const [first] = group
    if (first === undefined) return []
    const { symbol: _, ...stretch } = first
    return [{ ...stretch, symbols: group.flatMap(({ symbol }) => (symbol === null ? [] : symbol)) }]
  })
}
