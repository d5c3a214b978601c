import type { Candle } from '../query/candles.ts'
import { alignColumns } from './terminal.ts'
import { showTime } from '../market/times.ts'

const DAY_MS = 86_400_000

type Column = {
  readonly name: string
  readonly right: boolean
  readonly cell: (bar: Candle) => string
}

/**
 * Bars as a table no wider than `columnsMax`: what does not fit goes, in this order: VWAP, the year and the
 * seconds of the times with the name of their zone, SESSION where all are of one (else TRADES), both.
 * Prices and volume always stay.
 */
export function barTable(
  bars: readonly Candle[],
  { zone, columnsMax }: { readonly zone: string; readonly columnsMax: number },
): string {
  const days = zone === 'UTC' && bars.every(({ fromMs }) => fromMs % DAY_MS === 0)
  const long = days ? dayColumn : timeColumn(`TIME ${zone}`, zone, [0, 19])
  // Bars of less than a minute keep their seconds.
  const minutes = bars.every(({ fromMs }) => fromMs % 60_000 === 0)
  const short = days ? dayColumn : timeColumn('TIME', zone, [5, minutes ? 16 : 19])
  const prices = [...PRICES, VOLUME]
  const oneSession = bars.every(({ session }) => session === bars[0]?.session)
  const layouts: readonly (readonly Column[])[] = [
    [long, SESSION, ...prices, TRADES, VWAP],
    [long, SESSION, ...prices, TRADES],
    [short, SESSION, ...prices, TRADES],
    oneSession ? [short, ...prices, TRADES] : [short, SESSION, ...prices],
    [short, ...prices],
  ]
  const texts = layouts.map((columns) => textOf(columns, bars))
  return texts.find((text) => widthOf(text) <= columnsMax) ?? texts.at(-1) ?? ''
}

const textOf = (columns: readonly Column[], bars: readonly Candle[]): string =>
  alignColumns(
    [columns.map(({ name }) => name), ...bars.map((bar) => columns.map(({ cell }) => cell(bar)))],
    columns.map(({ right }) => right),
  )

const widthOf = (text: string): number =>
  text.split('\n').reduce((widest, { length }) => Math.max(widest, length), 0)

const timeColumn = (
  name: string,
  zone: string,
  [first, next]: readonly [number, number],
): Column => ({
  name,
  right: false,
  cell: ({ fromMs }) => showTime(fromMs, zone).slice(first, next),
})
const dayColumn = timeColumn('DAY', 'UTC', [0, 10])

const decimals = (value: number | null, digits: number): string =>
  value === null ? '–' : value.toFixed(digits)
const SESSION: Column = { name: 'SESSION', right: false, cell: ({ session }) => session }
const PRICES = (['open', 'high', 'low', 'close'] as const).map((price): Column => ({
  name: price.toUpperCase(),
  right: true,
  cell: (bar) => decimals(bar[price], 2),
}))
const VOLUME: Column = {
  name: 'VOLUME',
  right: true,
  cell: ({ volume }) => String(Number(volume.toFixed(8))),
}
const TRADES: Column = { name: 'TRADES', right: true, cell: ({ trades }) => String(trades) }
const VWAP: Column = { name: 'VWAP', right: true, cell: ({ vwap }) => decimals(vwap, 4) }
