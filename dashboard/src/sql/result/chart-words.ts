import type { Column } from '../../../../src/serve/contract/sql.ts'
import { showCount } from '../../format.ts'
import type { Figure } from './figure.ts'
import { kindOf } from './kinds.ts'
import { rowsText } from './status-text.ts'

export const FIGURE_WORDS: Readonly<Record<Figure['kind'], string>> = {
  candles: 'Candles',
  lines: 'Lines',
  bars: 'Bars',
}

export const namesOf = (columns: readonly Column[], places: readonly number[]): string =>
  places.map((i) => columns[i]?.name ?? '').join(', ')

/** 'ts, UTC'; a date has no zone. */
export function axisText(column: Column | undefined): string {
  if (column === undefined) return ''
  return kindOf(column.type) === 'moment' ? `${column.name}, UTC` : column.name
}

/** '2026-11-27 01:01:53.700 UTC', without what is zero at its end. */
export function momentText(ms: number): string {
  const [date = '', time = ''] = new Date(ms).toISOString().slice(0, -1).split('T')
  const short = time.replace(/\.000$/, '')
  return short === '00:00:00' ? date : `${date} ${short} UTC`
}

const DAY = 86_400

/** The mark of an axis of times, with the date where another day begins. All in seconds. */
export function tickText(at: number, step: number, before: number | null): string {
  const iso = new Date(at * 1000).toISOString()
  const date = iso.slice(0, 10)
  if (step >= 365 * DAY) return date.slice(0, 4)
  if (step >= 28 * DAY) return date.slice(0, 7)
  if (step >= DAY) return date
  const time = iso.slice(11, step >= 60 ? 16 : step >= 1 ? 19 : 23)
  const isSame = before !== null && Math.floor(before / DAY) === Math.floor(at / DAY)
  return isSame ? time : `${time}\n${date}`
}

const NUMBER = new Intl.NumberFormat('en-US', { maximumFractionDigits: 8 })
export const numberText = (value: number | null | undefined): string =>
  value === null || value === undefined ? '–' : NUMBER.format(value)

/** What a picture shows, for those who do not see it. */
export function summaryOf(told: {
  readonly what: string
  readonly by: string
  readonly rows: number
  readonly span: readonly [from: number, to: number] | null
}): string {
  const { what, by, rows, span } = told
  const when = span === null ? '' : `, from ${momentText(span[0])} to ${momentText(span[1])}`
  return `${what} by ${by}, ${rowsText(rows)}${when}. The table has the same.`
}

export const partText = (shown: number, all: number): string | null =>
  shown >= all ? null : `The first ${showCount(shown)} of ${rowsText(all)}, as the answer has them.`
