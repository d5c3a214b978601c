import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { Page } from 'playwright-core'
import { withoutChromium } from './browser.ts'
import { day, frame, type Sent } from './frames.ts'
import { openStage, type Stage } from './stage.ts'

const LIMITS = { skip: withoutChromium(), timeout: 300_000 }
const [COIN, SHARE] = ['BINANCE:BTCUSDT', 'AAPL']
/** The zones of the switch; the browser's own is Berlin. */
const ZONES = { new_york: 'America/New_York', utc: 'UTC', local: 'Europe/Berlin' } as const
/** Clocks go back in Berlin on 26 October, in New York on 2 November at 06:00 UTC, 2025. */
const CHANGES = [
  ['2025-10-25T18:00Z', '2025-10-26T12:00Z'],
  ['2025-11-01T18:00Z', '2025-11-02T12:00Z'],
] as const
/** The day before Thanksgiving, and the day after it, on which the market closes at 13:00. */
const DAYS = ['2025-11-26', '2025-11-28'] as const

type Candle = {
  readonly bucket: string
  readonly session: string
  readonly close: number | null
  readonly trades: number
}

/** A trade every `everyMs` in [from, to), each at another price. */
function between(symbol: string, [from, to]: readonly [string, string], everyMs: number): Sent[] {
  const trades: Sent[] = []
  for (let t = Date.parse(from); t < Date.parse(to); t += everyMs)
    trades.push({ s: symbol, p: 100 + (t % 7_919) / 100, v: 100, t, c: ['1'] })
  return trades
}

/** Where a bar begins: the open cuts the hour in which it lies into two bars. */
function beginOf({ bucket, session }: Pick<Candle, 'bucket' | 'session'>): number {
  const open = session === 'regular' ? day(bucket.slice(0, 10)).open : 0
  return Math.max(Date.parse(bucket), open)
}

/** '2025-11-02 01:30:00' as the clocks of a zone show a moment, by the platform's own tables. */
function clockOf(ms: number, timeZone: string): string {
  const form = { timeZone, dateStyle: 'short', timeStyle: 'medium', hourCycle: 'h23' } as const
  return new Intl.DateTimeFormat('sv-SE', form).format(ms)
}

const rowsOf = (page: Page) =>
  page.locator('.chart-bars tbody tr').evaluateAll((rows) =>
    rows.map(({ dataset, firstElementChild }) => ({
      bucket: dataset['bucket'] ?? '',
      session: dataset['session'] ?? '',
      bar: `${dataset['bucket']} ${dataset['session']} ${dataset['close']} ${dataset['trades']}`,
      when: firstElementChild?.textContent ?? '',
    })),
  )

describe('times on the page', LIMITS, () => {
  let stage: Stage
  before(async () => {
    stage = await openStage([COIN, SHARE])
    const trades = [
      ...CHANGES.flatMap((span) => between(COIN, span, 5 * 60_000)),
      ...DAYS.flatMap((date) =>
        between(SHARE, [`${date}T04:00-05:00`, `${date}T20:00-05:00`], 5 * 60_000),
      ),
    ]
    stage.feed.send(frame(trades))
    await stage.world.recorded(trades.length)
  })
  after(() => stage?.[Symbol.asyncDispose]())

  const CASES = [
    [COIN, '15m', CHANGES[0][1]],
    [COIN, '15m', CHANGES[1][1]],
    [COIN, '1h', CHANGES[1][1]],
    [COIN, '1d', CHANGES[1][1]],
    [SHARE, '1h', `${DAYS[1]}T20:00-05:00`],
    [SHARE, '1d', `${DAYS[1]}T20:00-05:00`],
  ] as const
  for (const [symbol, interval, until] of CASES)
    it(`are those of each zone's clocks: ${symbol} ${interval} before ${until}`, async () => {
      const to = new Date(until).toISOString()
      const told = await stage.world.lines<Candle>(
        'candles',
        symbol,
        '--interval',
        interval,
        '--to',
        to,
        '--json',
      )
      if (interval === '1h' && symbol === SHARE) {
        const regular = told.filter(({ session }) => session === 'regular')
        // What is printed within five minutes of the close is still of the session.
        assert.equal(regular.at(-1)?.bucket.slice(0, 13), `${DAYS[1]}T18`)
      }
      const query = new URLSearchParams({ symbol, interval, at: to })
      const { page, wrong } = await stage.browser.open(`${stage.url}market?${query.toString()}`)
      await page.getByRole('button', { name: 'As table' }).click()
      const last = told.at(-1)?.bucket ?? ''
      await page.locator(`.chart-bars tr[data-bucket="${last}"]`).first().waitFor()
      for (const [zone, name] of Object.entries(ZONES)) {
        await page.getByLabel('Time zone of all times').selectOption(zone)
        const shown = await rowsOf(page)
        for (const { bucket, session, close, trades } of told)
          assert.ok(
            shown.some(({ bar }) => bar === `${bucket} ${session} ${close} ${trades}`),
            `${bucket} ${session}`,
          )
        for (const { when, ...bar } of shown)
          assert.equal(
            when,
            interval === '1d' ? bar.bucket.slice(0, 10) : clockOf(beginOf(bar), name),
          )
      }
      assert.deepEqual(wrong(), [])
      await page.context().close()
    })
})
