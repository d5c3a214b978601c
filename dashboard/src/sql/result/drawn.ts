import type { Column } from '../../../../src/serve/contract/sql.ts'
import { millisOf, numberOf } from './kinds.ts'
import type { Row } from './rows.ts'
import type { Figure } from './figure.ts'
import { groupsOf, nameOf } from './groups.ts'

/** A bar longer than the list below it says nothing more. */
export const BARS_MAX = 50
/** Numbers so far apart need axes of their own. */
const SAME_SCALE = 30

type Of<K extends Figure['kind']> = Extract<Figure, { kind: K }>

export type Candle = {
  /** Seconds since 1970, each once, ascending. */
  readonly time: number
  /** Null: no trade may set prices. */
  readonly prices: readonly [open: number, high: number, low: number, close: number] | null
  readonly volume: number | null
}

/** The candles of one group, oldest first; of one second the last row counts. */
export function candlesOf(figure: Of<'candles'>, rows: readonly Row[]): readonly Candle[] {
  const candles = new Map<number, Candle>()
  for (const row of rows) {
    const ms = millisOf(row[figure.time])
    if (ms === null) continue
    const [open, high, low, close] = figure.prices.map((i) => numberOf(row[i]))
    const isWhole =
      typeof open === 'number' &&
      typeof high === 'number' &&
      typeof low === 'number' &&
      typeof close === 'number'
    const time = Math.floor(ms / 1000)
    const volume = figure.volume === null ? null : numberOf(row[figure.volume])
    candles.set(time, { time, prices: isWhole ? [open, high, low, close] : null, volume })
  }
  return [...candles.values()].toSorted((a, b) => a.time - b.time)
}

export type Lines = {
  /** Seconds since 1970, ascending. */
  readonly times: readonly number[]
  /** Null is a hole; undefined: another line's time, which this one is drawn across. */
  readonly lines: readonly {
    readonly name: string
    readonly values: readonly (number | null | undefined)[]
  }[]
}

/** One line for each measure, or of one measure one for each group. */
export function linesOf(figure: Of<'lines'>, rows: readonly Row[], what: Lined): Lines {
  const timed = rows
    .map((row) => ({ row, ms: millisOf(row[figure.time]) }))
    .filter((one): one is { row: Row; ms: number } => one.ms !== null)
    .toSorted((a, b) => a.ms - b.ms)
  const [first = 0] = what.measures
  if (figure.by.length === 0) {
    const lines = what.measures.map((i) => ({
      name: what.columns[i]?.name ?? '',
      values: timed.map(({ row }) => numberOf(row[i])),
    }))
    return { times: timed.map(({ ms }) => ms / 1000), lines }
  }
  const groups = groupsOf(
    timed.map(({ row }) => row),
    figure.by,
  )
  const times = [...new Set(timed.map(({ ms }) => ms))]
  const placeOf = new Map(times.map((ms, i) => [ms, i]))
  const lines = groups.map(({ name, rows }) => {
    const values: (number | null | undefined)[] = times.map(() => undefined)
    for (const row of rows) {
      const place = placeOf.get(millisOf(row[figure.time]) ?? Number.NaN)
      if (place !== undefined) values[place] = numberOf(row[first])
    }
    return { name, values }
  })
  return { times: times.map((ms) => ms / 1000), lines }
}

export type Lined = { readonly columns: readonly Column[]; readonly measures: readonly number[] }

/** The sets of measures that may be drawn together: those like the first, then each alone. */
export function measureSets(
  figure: Of<'lines'>,
  rows: readonly Row[],
): readonly (readonly number[])[] {
  const alone = figure.measures.map((i) => [i])
  if (figure.by.length > 0 || figure.measures.length < 2) return alone
  const [first = 0] = figure.measures
  const size = sizeOf(rows, first)
  const alike = figure.measures.filter((i) => {
    const other = sizeOf(rows, i)
    return (
      i === first || (other > 0 && size > 0 && Math.max(other / size, size / other) <= SAME_SCALE)
    )
  })
  return alike.length > 1 ? [alike, ...alone] : alone
}

const sizeOf = (rows: readonly Row[], i: number): number =>
  rows.reduce((most, row) => Math.max(most, Math.abs(numberOf(row[i]) ?? 0)), 0)

export type Bar = {
  readonly name: string
  readonly value: number | null
  /** Of the width, in percent: where it begins and how long it is. */
  readonly from: number
  readonly length: number
}

/** The first rows as bars from zero, to either side where some are below it. */
export function barsOf(figure: Of<'bars'>, rows: readonly Row[], measure: number): readonly Bar[] {
  const some = rows.slice(0, BARS_MAX)
  const values = some.map((row) => numberOf(row[measure]))
  const least = Math.min(0, ...values.map((value) => value ?? 0))
  const most = Math.max(0, ...values.map((value) => value ?? 0))
  const width = most - least || 1
  return some.map((row, i) => {
    const value = values[i] ?? null
    const end = value ?? 0
    return {
      name: nameOf(row, figure.names),
      value,
      from: ((Math.min(0, end) - least) / width) * 100,
      length: (Math.abs(end) / width) * 100,
    }
  })
}
