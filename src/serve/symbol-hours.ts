import { DAY_MS, specialDaysOf } from '../market/calendar.ts'
import type { Listing } from '../market/sessions.ts'
import type { UdfSymbol } from './contract/tradingview.ts'

/** Years around now whose holidays a chart is told: as far back as one usually looks, and what is announced. */
const YEARS = { before: 5, after: 1 }

type Hours = Pick<UdfSymbol, 'timezone' | 'session' | 'session_holidays' | 'corrections'>

/** The regular session as TradingView writes it, with the days that have none or end at 13:00. */
export function hoursOfListing(listing: Listing, nowMs: number): Hours {
  if (listing === 'continuous')
    return { timezone: 'Etc/UTC', session: '24x7', session_holidays: '', corrections: '' }
  const year = new Date(nowMs).getUTCFullYear()
  const years = Array.from(
    { length: YEARS.before + 1 + YEARS.after },
    (_, i) => year - YEARS.before + i,
  )
  const special = years.flatMap((one) => [...specialDaysOf(one)])
  const days = (kind: 'closed' | 'early') =>
    special.filter(([, what]) => what === kind).map(([day]) => dateText(day))
  return {
    timezone: 'America/New_York',
    session: '0930-1600',
    session_holidays: days('closed').join(','),
    corrections: days('early')
      .map((day) => `0930-1300:${day}`)
      .join(';'),
  }
}

const dateText = (day: number): string =>
  new Date(day * DAY_MS).toISOString().slice(0, 10).replaceAll('-', '')
