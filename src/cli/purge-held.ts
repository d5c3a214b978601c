import { openQuery } from '../config/asking.ts'
import type { Parts } from '../config/components.ts'
import { Fault } from '../flow/fault.ts'
import { nearest } from '../flow/nearest.ts'
import type { Purged } from '../lake/upkeep/purge.ts'
import type { Query, Value } from '../query/query.ts'
import { cellText } from '../query/row-text.ts'
import { sqlText } from '../query/literals.ts'
import { plain } from './terminal.ts'

/** What is held of the symbols that are to go. */
export type Held = {
  readonly rows: number
  /** Whether `rows` counts records that could not be read and name one, where there may be any. */
  readonly exact: boolean
  /** Symbols of which there is nothing, each with the recorded one that was most likely meant. */
  readonly absent: readonly Absent[]
}
export type Absent = { readonly symbol: string; readonly near: string | null }

export type Holding = {
  readonly symbols: readonly string[]
  /** Whether records that could not be read are in the table: asking them reads all of it. */
  readonly hasUnread: boolean
  readonly signal: AbortSignal
}

/** Asks lake and tape, which reads the files that may hold the symbols; all of them where one is not there. */
export async function heldOf(parts: Parts, holding: Holding): Promise<Held> {
  const { symbols, hasUnread, signal } = holding
  await using query = await openQuery(parts)
  const all = (sql: string) => rowsOf(query, sql, signal)
  const words = symbols.map(sqlText).join(', ')
  const counts = new Map(symbols.map((symbol) => [symbol, 0]))
  const trades = `SELECT symbol, count(*) FROM records WHERE symbol IN (${words}) GROUP BY 1`
  for (const [symbol, count] of await all(trades)) counts.set(symbolOf(symbol), Number(count))
  let rows = [...counts.values()].reduce((sum, count) => sum + count, 0)
  const lacks = () => symbols.filter((symbol) => counts.get(symbol) === 0)
  const asksUnread = hasUnread && (lacks().length > 0 || parts.places.lake.kind === 'file')
  if (asksUnread) {
    const names = symbols.map(namesSql)
    const columns = ['count(*)', ...names.map((one) => `count(*) FILTER (WHERE ${one})`)]
    const where = `symbol IS NULL AND (${names.join(' OR ')})`
    const [[whole, ...each] = []] = await all(
      `SELECT ${columns.join(', ')} FROM records WHERE ${where}`,
    )
    rows += Number(whole ?? 0)
    for (const [i, symbol] of symbols.entries())
      counts.set(symbol, (counts.get(symbol) ?? 0) + Number(each[i] ?? 0))
  }
  const lacking = lacks()
  const distinct = 'SELECT DISTINCT symbol FROM records WHERE symbol IS NOT NULL'
  const recorded = lacking.length === 0 ? [] : (await all(distinct)).map(([one]) => symbolOf(one))
  const absent = lacking.map((symbol) => ({ symbol, near: nearest(symbol, recorded) ?? null }))
  return { rows, exact: asksUnread || !hasUnread, absent }
}

const symbolOf = (value: Value | undefined): string => cellText(value ?? null) ?? ''

/** Whether a record that could not be read names a symbol: as a rewrite asks it (lake/upkeep/relation.ts). */
const namesSql = (symbol: string): string =>
  `coalesce(contains(raw::VARCHAR, encode(${sqlText(JSON.stringify(symbol))})::VARCHAR), false)`

async function rowsOf(
  query: Query,
  sql: string,
  signal: AbortSignal,
): Promise<readonly (readonly Value[])[]> {
  const { batches } = await query.run(sql, { rowsMax: null, millisMax: null }, signal)
  return (await Array.fromAsync(batches)).flat()
}

/** `nothing of aapl is here (did you mean AAPL?)`. */
export function absentText(absent: readonly Absent[]): string {
  const near = [...new Set(absent.flatMap((one) => one.near ?? []))].map(plain).join(', ')
  const hint = near === '' ? '' : ` (did you mean ${near}?)`
  return `nothing of ${absent.map(({ symbol }) => plain(symbol)).join(', ')} is here${hint}`
}

/** A purge of what is not there would take old snapshots and the landed tape for nothing. */
export function nothingOf(what: Purged, absent: readonly Absent[]): Fault {
  const message =
    what.kind === 'before'
      ? `nothing from before ${new Date(what.beforeMs).toISOString().slice(0, 10)} is here`
      : absentText(absent)
  return new Fault('unavailable', message, {
    remedy:
      'Nothing was touched. Where its rows were deleted already, and what old snapshots and the landed tape hold of it shall go too, say --again.',
  })
}
