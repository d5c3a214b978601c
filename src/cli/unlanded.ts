import type { KeptTable } from '../config/upkeep.ts'
import type { Purged } from '../lake/upkeep/purge.ts'
import { recordBytes, type Partition, type Positions } from '../market/records.ts'
import type { Column, Rows, Table } from '../market/tables.ts'
import type { Bounds, Starts } from '../tape/tape.ts'

/** Where a table stands on its tape: the lake's positions, and what the tape holds. */
export type Standing = {
  readonly positions: Positions
  readonly bounds: ReadonlyMap<Partition, Bounds>
}

export async function standingOf({ log, lake }: KeptTable): Promise<Standing> {
  const bounds = await log.bounds()
  return { bounds, positions: await lake.positions([...bounds.keys()]) }
}

/** Records on the tape that have landed. */
export const landedCount = ({ positions, bounds }: Standing): number =>
  [...bounds].reduce((sum, [partition, { earliest }]) => {
    const next = positions.get(partition)?.next ?? earliest
    return sum + Math.max(0, next - earliest)
  }, 0)

/** The first record of each partition that has not landed; partitions that hold none are not named. */
const firstUnlanded = ({ positions, bounds }: Standing): Starts =>
  new Map(
    [...bounds].flatMap(([partition, { earliest, end }]) => {
      const next = positions.get(partition)?.next ?? earliest
      const first = next > earliest ? next : earliest
      return first < end ? [[partition, first] as const] : []
    }),
  )

/** How many records past what has landed would have been purged with it: those land later, and stay. */
export async function unlandedCount(
  { log, table, rows }: KeptTable,
  {
    what,
    standing,
    signal,
  }: {
    readonly what: Purged
    readonly standing: Standing
    readonly signal: AbortSignal
  },
): Promise<number> {
  const from = firstUnlanded(standing)
  if (from.size === 0) return 0
  const until = new Map([...from.keys()].map((one) => [one, standing.bounds.get(one)?.end ?? 0]))
  let count = 0
  for await (const run of log.read(from, until as Starts, signal)) {
    if (what.kind === 'all') count += run.count
    else count += countGoing(rows(run), table, what)
  }
  return count
}

function countGoing(
  rows: Rows,
  table: Table,
  what: Exclude<Purged, { readonly kind: 'all' }>,
): number {
  const goes =
    what.kind === 'before'
      ? isBefore(rows, table, what.beforeMs)
      : speaks(rows, table, what.symbols)
  let count = 0
  for (let i = 0; i < rows.count; i++) if (goes(i)) count += 1
  return count
}

const columnOf = ({ columns }: Rows, { fields }: Table, name: string): Column | undefined =>
  columns[fields.findIndex((field) => field.name === name)]

/** By the time of the table's days; where a row has none, by when it came. */
function isBefore(rows: Rows, table: Table, beforeMs: number): (i: number) => boolean {
  const ofDay = numberAt(columnOf(rows, table, table.dayOf))
  return (i) => (ofDay(i) ?? rows.run.receivedMs[i] ?? 0) < beforeMs
}

const numberAt =
  (column: Column | undefined) =>
  (i: number): number | null =>
    column?.kind === 'numbers' && column.missing?.[i] !== 1 ? (column.values[i] ?? null) : null

/** Trades of the symbols, and records that could not be read and name one. */
function speaks(rows: Rows, table: Table, symbols: readonly string[]): (i: number) => boolean {
  const column = columnOf(rows, table, 'symbol')
  const wanted = new Set(symbols)
  const quoted = symbols.map((symbol) => Buffer.from(JSON.stringify(symbol)))
  return (i) => {
    const symbol =
      column?.kind === 'dictionary' ? (column.values[column.ids[i] ?? -1] ?? null) : null
    if (symbol !== null) return wanted.has(symbol)
    const bytes = Buffer.from(recordBytes(rows.run, i))
    return quoted.some((one) => bytes.includes(one))
  }
}
