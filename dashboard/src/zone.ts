import { effect, signal, type Signal } from '@preact/signals'
import { newYorkOffsetMs } from '../../src/market/calendar.ts'
import { kept, keep } from './kept.ts'
import { timeText, type TimeForm } from './time-text.ts'

export const ZONES = ['new_york', 'utc', 'local'] as const
export type Zone = (typeof ZONES)[number]

/** The zone of every time on the page; kept in this browser. */
export const zone: Signal<Zone> = signal(kept('zone', ZONES) ?? 'new_york')
effect(() => keep('zone', zone.value))

/** 'New York', 'UTC', 'Europe/Berlin'. */
export function zoneLabel(of: Zone): string {
  if (of === 'local') return Intl.DateTimeFormat().resolvedOptions().timeZone
  return of === 'utc' ? 'UTC' : 'New York'
}

/** What its clocks show minus UTC at this moment, ms. */
export function offsetMs(ms: number, of: Zone): number {
  if (of === 'local') return new Date(ms).getTimezoneOffset() * -60_000
  return of === 'utc' ? 0 : newYorkOffsetMs(ms)
}

/**
 * A moment, ms since 1970 UTC, in the zone of the page; who shows it says which zone that is. time: 09:30:01,
 * millis: 09:30:01.123, minute: 09:30, date: 2026-11-20, moment: 2026-11-20 09:30:01.
 */
export const showTime = (ms: number, form: TimeForm): string =>
  timeText(ms + offsetMs(ms, zone.value), form)
