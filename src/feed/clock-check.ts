import type { Clock } from '../flow/clock.ts'
import { Fault } from '../flow/fault.ts'
import type { Logger } from '../flow/log.ts'
import type { Metrics } from '../flow/metrics.ts'
import { recordBytes, type Records } from '../market/records.ts'

const WARN_MS = 5_000
/** An hour is the mistake of a wrong zone or summer time; the Date header is only good to a second, so a minute less counts as one. */
const WRONG_MS = 59 * 60_000
const HALF_A_SECOND_MS = 500 // the Date header cuts off the fraction
const SAMPLE_MS = 100 // how often a trade is looked at
const FUTURE_TRADES = 20 // so many in a row, since one trade with a bad time says nothing of our clock

/** Tells whether our clock can be trusted; a wrong one would make good trades defects. Throws `invalid` over an hour. */
export type ClockCheck = {
  /** Against the handshake's Date header; null: there was none. */
  atHandshake(serverDateMs: number | null): void
  /** Against trades' own times, now and then: they cannot lie in the future; the past is fine (late trades, replays). */
  atTrades(records: Records): void
}

export function createClockCheck(clock: Clock, log: Logger, metrics: Metrics): ClockCheck {
  /** Wall time less monotonic time when a server last agreed with our clock. */
  let agreedMs: number | null = null
  let inFuture = 0
  let sampledMono = -Infinity
  const refuse = (aheadMs: number, witness: string) => {
    const way = aheadMs > 0 ? 'behind' : 'ahead of'
    const minutes = Math.round(Math.abs(aheadMs) / 60_000)
    throw new Fault('invalid', `this machine's clock is ${minutes} min ${way} ${witness}`, {
      remedy:
        'Set the clock (timedatectl set-ntp true), then start again: trades would be stamped wrong.',
    })
  }
  return {
    atHandshake: (serverDateMs) => {
      agreedMs = null
      inFuture = 0
      if (serverDateMs === null) return
      const aheadMs = serverDateMs + HALF_A_SECOND_MS - clock.now()
      metrics.set('ticklake_feed_clock_offset_seconds', aheadMs / 1000)
      if (Math.abs(aheadMs) > WRONG_MS) refuse(aheadMs, "the feed's")
      if (Math.abs(aheadMs) > WARN_MS)
        log('warn', "this machine's clock differs from the feed's", {
          seconds: Math.round(aheadMs / 1000),
        })
      agreedMs = clock.now() - clock.monotonic()
    },
    atTrades: (records) => {
      if (records.count === 0 || clock.monotonic() - sampledMono < SAMPLE_MS) return
      sampledMono = clock.monotonic()
      const timeMs = tradeTimeMs(recordBytes(records, records.count - 1))
      if (timeMs === null) return
      const aheadMs = timeMs - clock.now()
      if (aheadMs <= WARN_MS) {
        inFuture = 0
        return
      }
      log('warn', "a trade is ahead of this machine's clock", {
        seconds: Math.round(aheadMs / 1000),
      })
      const moved =
        agreedMs === null || Math.abs(clock.now() - clock.monotonic() - agreedMs) > WARN_MS
      inFuture = aheadMs > WRONG_MS && moved ? inFuture + 1 : 0
      if (inFuture >= FUTURE_TRADES) refuse(aheadMs, 'the trades')
    },
  }
}

const TIME = /"t"\s*:\s*(\d{12,14})(?=\s*[,}])/

/** The time of one trade record, ms; null: it does not show one plainly. */
export function tradeTimeMs(record: Uint8Array): number | null {
  const match = TIME.exec(
    Buffer.from(record.buffer, record.byteOffset, record.length).toString('latin1'),
  )
  return match?.[1] === undefined ? null : Number(match[1])
}
