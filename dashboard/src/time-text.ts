export type TimeForm = 'time' | 'millis' | 'minute' | 'date' | 'moment'

/** What a clock that shows `ms` (as if it were UTC) reads; '–' where it is no moment. */
export function timeText(ms: number, form: TimeForm): string {
  if (!Number.isFinite(ms) || Math.abs(ms) > 8.64e15) return '–'
  const text = new Date(ms).toISOString()
  const at = text.indexOf('T')
  const time = text.slice(at + 1)
  const date = text.slice(0, at)
  if (form === 'date') return date
  if (form === 'millis') return time.slice(0, 12)
  if (form === 'minute') return time.slice(0, 5)
  return form === 'time' ? time.slice(0, 8) : `${date} ${time.slice(0, 8)}`
}
