import type { Column } from '../../../../src/serve/contract/sql.ts'
import { isNameType, isNumberType, isTimeType, millisOf } from './kinds.ts'
import type { Row } from './rows.ts'
import { groupsOf } from './groups.ts'

/** What a result can be drawn as; numbers are places of columns. */
export type Figure =
  | {
      readonly kind: 'candles'
      readonly time: number
      readonly prices: readonly [open: number, high: number, low: number, close: number]
      readonly volume: number | null
      /** One chart for each of their values. */
      readonly by: readonly number[]
    }
  | {
      readonly kind: 'lines'
      readonly time: number
      readonly measures: readonly number[]
      /** One line for each of their values. */
      readonly by: readonly number[]
    }
  | {
      readonly kind: 'bars'
      readonly names: readonly number[]
      readonly measures: readonly number[]
    }

/** `isApt`: it is worth showing without being asked. */
export type Suggestion = { readonly figure: Figure; readonly isApt: boolean }

/** More lines than these cannot be told apart. */
export const LINES_MAX = 8
/** More charts than these are no choice. */
const GROUPS_MAX = 100
/** More bars than these are a table. */
const APT_BARS_MAX = 60
/** Numbers that count nothing: places on the tape and the like. */
const PLACE = /(?:^|_)(?:offset|partition|epoch|id|row|year|month|day|hour|minute|n)$/i
const OHLC = ['open', 'high', 'low', 'close'] as const

/** What the result can be drawn as, the most telling first. */
export function figuresOf(columns: readonly Column[], rows: readonly Row[]): readonly Suggestion[] {
  if (rows.length < 2) return []
  const shape = shapeOf(columns, rows)
  const found = [candlesOf(shape), ...linesOf(shape), barsOf(shape)]
  const some = found.filter((suggestion) => suggestion !== null)
  return [...some.filter(({ isApt }) => isApt), ...some.filter(({ isApt }) => !isApt)]
}

type Shape = {
  readonly columns: readonly Column[]
  readonly rows: readonly Row[]
  readonly times: readonly number[]
  readonly measures: readonly number[]
  /** Columns of names that have more than one value, the columns of few values first. */
  readonly names: readonly number[]
}

function shapeOf(columns: readonly Column[], rows: readonly Row[]): Shape {
  const places = columns.map((_, i) => i)
  const typed = (is: (type: string) => boolean) => places.filter((i) => is(columns[i]?.type ?? ''))
  const names = typed(isNameType).filter((i) => new Set(rows.map((row) => row[i])).size > 1)
  return {
    columns,
    rows,
    times: typed(isTimeType),
    measures: typed(isNumberType).filter((i) => !PLACE.test(columns[i]?.name ?? '')),
    names,
  }
}

function candlesOf({ columns, rows, times, measures, names }: Shape): Suggestion | null {
  const named = (name: string) => measures.find((i) => columns[i]?.name.toLowerCase() === name)
  const [open, high, low, close] = OHLC.map(named)
  const [time] = times
  if (open === undefined || high === undefined || low === undefined) return null
  if (close === undefined || time === undefined) return null
  const by = names.filter((i) => columns[i]?.type !== 'BOOLEAN')
  const separate = [[], ...by.map((i) => [i]), by].find((by) => isDistinct(rows, [time, ...by]))
  if (separate === undefined || groupsOf(rows, separate).length > GROUPS_MAX) return null
  const prices = [open, high, low, close] as const
  const figure = {
    kind: 'candles',
    time,
    prices,
    volume: named('volume') ?? null,
    by: separate,
  } as const
  return { figure, isApt: true }
}

/** Rows that each have a name of their own are told by it, not by their times. */
function linesOf({ columns, rows, times, measures, names }: Shape): readonly Suggestion[] {
  const [time] = times
  if (time === undefined || measures.length === 0) return []
  const by = lineNames({ columns, rows, names })
  const groups = groupsOf(rows, by)
  const longest = Math.max(...groups.map(({ rows }) => new Set(rows.map((row) => row[time])).size))
  if (longest < 2) return []
  const isOfNames = names.some((i) => isDistinct(rows, [i]))
  const isApt =
    !isOfNames && groups.every(({ rows }) => isOrdered(rows.map((row) => millisOf(row[time]))))
  return [{ figure: { kind: 'lines', time, measures, by }, isApt }]
}

/** What lines are told apart by: one chart if they are few, else one line at a time. Symbols are never mixed. */
function lineNames({ columns, rows, names }: Pick<Shape, 'columns' | 'rows' | 'names'>) {
  const telling = names.filter((i) => columns[i]?.type !== 'BOOLEAN')
  const few = telling.filter((i) => isFew(rows, i))
  const symbol = telling.find((i) => columns[i]?.name.toLowerCase() === 'symbol')
  const count = (by: readonly number[]) => groupsOf(rows, by).length
  const together = [few, few.slice(0, 1)]
    .filter((by) => by.length > 0 && (symbol === undefined || by.includes(symbol)))
    .find((by) => count(by) <= LINES_MAX)
  if (together !== undefined) return together
  const alone = symbol ?? telling.find((i) => !isDistinct(rows, [i]))
  return alone === undefined || count([alone]) > GROUPS_MAX ? [] : [alone]
}

const isFew = (rows: readonly Row[], i: number): boolean =>
  new Set(rows.map((row) => row[i])).size <= LINES_MAX

function barsOf(shape: Shape): Suggestion | null {
  const { rows, measures, names, times } = shape
  if (names.length === 0 && times.length === 0) return numberedBars(shape)
  const by = [...names.map((i) => [i]), names].find((by) => by.length > 0 && isDistinct(rows, by))
  const loose = by ?? names.slice(0, 1)
  if (measures.length === 0 || loose.length === 0) return null
  const isApt =
    by !== undefined && rows.length <= APT_BARS_MAX && (times.length === 0 || isDistinct(rows, by))
  return { figure: { kind: 'bars', names: loose, measures }, isApt }
}

/** Where nothing else names the rows: whole numbers that each come once, as hours or codes. */
function numberedBars({ columns, rows }: Shape): Suggestion | null {
  const numbers = columns.map((_, i) => i).filter((i) => isNumberType(columns[i]?.type ?? ''))
  const name = numbers.find((i) => /INT/.test(columns[i]?.type ?? '') && isDistinct(rows, [i]))
  const measures = numbers.filter((i) => i !== name)
  if (name === undefined || measures.length === 0) return null
  return { figure: { kind: 'bars', names: [name], measures }, isApt: rows.length <= APT_BARS_MAX }
}

/** No two rows have the same values there. */
const isDistinct = (rows: readonly Row[], places: readonly number[]): boolean =>
  new Set(rows.map((row) => JSON.stringify(places.map((i) => row[i])))).size === rows.length

/** All up or all down, ties and what is missing aside. */
function isOrdered(times: readonly (number | null)[]): boolean {
  const known = times.filter((ms) => ms !== null)
  const steps = known.slice(1).map((ms, i) => Math.sign(ms - (known[i] ?? ms)))
  return !(steps.includes(1) && steps.includes(-1))
}
