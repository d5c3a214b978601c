import {
  defaultHorzScaleBehavior,
  type IHorzScaleBehavior,
  type TickMarkWeightValue,
  type Time,
} from 'lightweight-charts'
import type { Interval } from '../../../../src/serve/contract/market.ts'
import { DAY_MS } from '../../../../src/market/calendar.ts'
import { timeText } from '../../time-text.ts'
import { offsetMs, zoneLabel, type Zone } from '../../zone.ts'

/** How much a mark says, by what changes at it, as the library weighs its own (which it does by UTC). */
const CLOCK_WEIGHTS = [
  [12 * 3_600_000, 33],
  [6 * 3_600_000, 32],
  [3 * 3_600_000, 31],
  [3_600_000, 30],
  [30 * 60_000, 22],
  [5 * 60_000, 21],
  [60_000, 20],
  [1000, 10],
] as const
const [DAY, MONTH, YEAR] = [50, 60, 70]
const MONTHS = 'Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec'.split(' ')
/** The kinds of mark that the library asks a text for. */
const MARK = { year: 0, month: 1, day: 2, time: 3 } as const

/** Texts of the time axis. The points stay UTC: only what is written, and where the marks lie, is of the zone. */
export type TimeAxis = {
  readonly behavior: IHorzScaleBehavior<Time>
  readonly mark: (time: Time, kind: number) => string
  readonly label: (time: Time) => string
}

/** Days are dates, the same in every zone. */
export function createTimeAxis(interval: Interval, zone: Zone): TimeAxis {
  const isDaily = interval === '1d'
  const clockMs = (time: unknown) => {
    const ms = Math.floor(Number(time) * 1000)
    return isDaily ? ms : ms + offsetMs(ms, zone)
  }
  const behavior = new (defaultHorzScaleBehavior())()
  behavior.fillWeightsForPoints = (points, start) => {
    for (let i = start; i < points.length; i++) {
      const [point, before] = [points[i], points[i - 1] ?? null]
      if (point === undefined) continue
      const ms = clockMs(point.originalTime)
      // Nobody knows what came before the first: as if a day had passed.
      const beforeMs = before === null ? ms - DAY_MS : clockMs(before.originalTime)
      point.timeWeight = weightOf(ms, beforeMs) as TickMarkWeightValue
    }
  }
  return {
    behavior,
    mark: (time, kind) => markText(clockMs(time), kind),
    label: (time) =>
      isDaily
        ? timeText(clockMs(time), 'date')
        : `${timeText(clockMs(time), 'moment')} ${zoneLabel(zone)}`,
  }
}

/** Of clock times as if they were UTC. */
export function weightOf(ms: number, beforeMs: number): number {
  const [now, before] = [new Date(ms), new Date(beforeMs)]
  if (now.getUTCFullYear() !== before.getUTCFullYear()) return YEAR
  if (now.getUTCMonth() !== before.getUTCMonth()) return MONTH
  if (now.getUTCDate() !== before.getUTCDate()) return DAY
  const passed = CLOCK_WEIGHTS.find(
    ([unit]) => Math.floor(ms / unit) !== Math.floor(beforeMs / unit),
  )
  return passed?.[1] ?? 0
}

export function markText(ms: number, kind: number): string {
  const date = new Date(ms)
  const month = MONTHS[date.getUTCMonth()] ?? ''
  if (kind === MARK.year) return String(date.getUTCFullYear())
  if (kind === MARK.month) return month
  if (kind === MARK.day) return `${month} ${date.getUTCDate()}`
  return timeText(ms, kind === MARK.time ? 'minute' : 'time')
}
