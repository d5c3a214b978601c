import type { Bar, Interval } from '../../../../src/serve/contract/market.ts'
import type { Session } from '../../../../src/market/sessions.ts'
import { showChange, showPercentChange, showPrice, showSpan, showVolume } from '../../format.ts'
import { timeText } from '../../time-text.ts'
import { offsetMs, zoneLabel, type Zone } from '../../zone.ts'
import type { Hole } from './holes.ts'
import type { Slot } from './slots.ts'

export const SESSION_WORDS: Readonly<Record<Session, string>> = {
  pre: 'pre-market',
  regular: 'regular',
  post: 'post-market',
  continuous: 'around the clock',
}

/** What a person reads of an interval. */
export const INTERVAL_WORDS: Readonly<Record<Interval, string>> = {
  '1s': '1 second',
  '5s': '5 seconds',
  '1m': '1 minute',
  '5m': '5 minutes',
  '15m': '15 minutes',
  '1h': '1 hour',
  '1d': '1 day',
}

/** When a bar begins; of a day its date, whatever the zone. */
export const whenText = (timeMs: number, interval: Interval, zone: Zone): string =>
  interval === '1d'
    ? timeText(timeMs, 'date')
    : timeText(Math.floor(timeMs) + offsetMs(timeMs, zone), 'moment')

export const momentText = (ms: number, zone: Zone): string =>
  timeText(ms + offsetMs(ms, zone), 'moment')

/** 'feed_disconnected, 2026-11-20 09:31:00 to 09:33:10, 2 min 10 s' */
export function holeText(hole: Hole, zone: Zone): string {
  const [from, to] = [momentText(hole.fromMs, zone), momentText(hole.toMs, zone)]
  const end = hole.open ? 'now, still open' : to.startsWith(from.slice(0, 10)) ? to.slice(11) : to
  const length = showSpan((hole.toMs - hole.fromMs) / 1000)
  return `${causeText(hole)}: ${from} to ${end}, ${length}, ${whoseText(hole)}`
}

export function whoseText({ symbols }: Pick<Hole, 'symbols'>): string {
  const [first] = symbols
  if (first === undefined) return 'all symbols'
  return symbols.length === 1 ? first : `${symbols.length} symbols`
}

export const causeText = ({ cause }: Pick<Hole, 'cause'>): string =>
  cause === '' ? 'cause unknown' : cause.replaceAll('_', ' ')

export type Direction = 'up' | 'down' | 'unchanged'

export function directionOf({ open, close }: Pick<Bar, 'open' | 'close'>): Direction | null {
  if (open === null || close === null) return null
  if (close === open) return 'unchanged'
  return close > open ? 'up' : 'down'
}

export const ARROWS: Readonly<Record<Direction, string>> = { up: '▲', down: '▼', unchanged: '■' }

export type Summed = {
  readonly symbol: string
  readonly interval: Interval
  readonly zone: Zone
  readonly slots: readonly Slot[]
  readonly holes: number
}

/** The chart in a sentence, for those who do not see it. */
export function summaryOf({ symbol, interval, zone, slots, holes }: Summed): string {
  const priced = slots.filter(({ bar }) => bar !== null && bar.close !== null)
  const [first, last] = [priced[0] ?? null, priced.at(-1) ?? null]
  const what = `${symbol}, bars of ${INTERVAL_WORDS[interval]}`
  const gaps = holes === 0 ? 'no gaps' : holes === 1 ? '1 gap' : `${holes} gaps`
  if (first === null || last === null) return `${what}: no bars with prices, ${gaps}.`
  const open = first.bar?.open ?? 0
  const close = last.bar?.close ?? 0
  const highs = priced.flatMap(({ bar }) => bar?.high ?? [])
  const lows = priced.flatMap(({ bar }) => bar?.low ?? [])
  const [high, low] = [extreme(highs, Math.max), extreme(lows, Math.min)]
  const change = `${showChange(close - open)} (${showPercentChange(((close - open) / open) * 100)})`
  const when = (slot: Slot) => whenText(slot.time * 1000, interval, zone)
  const where = interval === '1d' ? '' : ` ${zoneLabel(zone)} time`
  return (
    `${what} from ${when(first)} to ${when(last)}${where}: last close ${showPrice(close)}, ` +
    `change ${change}, range ${showPrice(low)} to ${showPrice(high)}, ${gaps}.`
  )
}

const extreme = (values: readonly number[], of: typeof Math.max): number | null =>
  values.length === 0 ? null : values.reduce((a, b) => of(a, b))

/** A bar's numbers as a screen reader says them. */
export function barText(slot: Slot, interval: Interval, zone: Zone): string {
  const when = whenText(slot.time * 1000, interval, zone)
  const { bar } = slot
  if (bar === null) return `${when}: gap, nothing recorded`
  const direction = directionOf(bar)
  const prices =
    direction === null
      ? 'no prices'
      : `open ${showPrice(bar.open)}, high ${showPrice(bar.high)}, low ${showPrice(bar.low)}, ` +
        `close ${showPrice(bar.close)}, ${direction}`
  return `${when}, ${SESSION_WORDS[slot.session]}: ${prices}, volume ${showVolume(bar.volume)}`
}

/** A time as an input field of this zone has it, in ms; null: it is empty or none. */
export function momentOfInput(text: string, interval: Interval, zone: Zone): number | null {
  const asUtc = Date.parse(text.includes('T') ? `${text}Z` : `${text}T00:00Z`)
  if (Number.isNaN(asUtc)) return null
  if (interval === '1d') return asUtc
  const guess = asUtc - offsetMs(asUtc, zone)
  return asUtc - offsetMs(guess, zone)
}
