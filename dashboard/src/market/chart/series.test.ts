import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import type { Told } from '../../../../src/serve/contract/live.ts'
import type { Bar } from '../../../../src/serve/contract/market.ts'
import type { Question } from './history.ts'
import { createSeries } from './series.ts'

const MINUTE = 60_000
const OPEN = Date.parse('2026-11-20T14:30:00Z')
const iso = (minute: number) => new Date(OPEN + minute * MINUTE).toISOString()
const at = (minute: number) => OPEN + minute * MINUTE
const LATEST = { fromMs: Number.NEGATIVE_INFINITY, toMs: Number.POSITIVE_INFINITY }

const bar = (minute: number, volume: number, session: Bar['session'] = 'regular'): Bar => ({
  symbol: 'AAPL',
  bucket: iso(minute),
  session,
  open: 1,
  high: 1,
  low: 1,
  close: 1,
  volume,
  trades: volume,
  vwap: 1,
})
const told = (minute: number, bars: readonly Bar[], first = false): Told & { kind: 'bars' } => ({
  kind: 'bars',
  symbol: 'AAPL',
  interval: '1m',
  first,
  since: iso(minute),
  bars,
})
const stale = (from: number, to: number): Told & { kind: 'stale' } => ({
  kind: 'stale',
  symbol: 'AAPL',
  interval: '1m',
  from: iso(from),
  to: iso(to),
})
const made = () => createSeries('AAPL', '1m')
const volumes = (series: ReturnType<typeof made>) => series.bars().map(({ bar }) => bar.volume)

test('the stream is believed from its beginning on, whatever is answered after it', () => {
  const series = made()
  const question = series.ask(LATEST, 500)
  series.tell(told(2, [bar(2, 20), bar(3, 30)], true))
  assert.deepEqual(volumes(series), [20, 30])
  series.answered(question, [bar(1, 1), bar(2, 2), bar(4, 4)])
  assert.deepEqual(volumes(series), [1, 20, 30])
})

test('of two answers about the same bars the one asked later is believed', () => {
  const series = made()
  const before = series.ask(LATEST, 500)
  const after = series.ask(LATEST, 500)
  series.answered(after, [bar(1, 11), bar(2, 22)])
  series.answered(before, [bar(1, 1), bar(2, 2), bar(3, 3)])
  assert.deepEqual(volumes(series), [11, 22])
})

test('a first bucket that the limit may have cut in two is left for the next question', () => {
  const series = made()
  series.answered(series.ask(LATEST, 2), [bar(1, 1, 'regular'), bar(2, 2)])
  assert.deepEqual(volumes(series), [2])
  assert.equal(series.span()?.fromMs, at(2))
  const earlier = { fromMs: Number.NEGATIVE_INFINITY, toMs: at(2) }
  series.answered(series.ask(earlier, 3), [bar(1, 5, 'pre'), bar(1, 1, 'regular')])
  assert.deepEqual(volumes(series), [5, 1, 2])
  assert.equal(series.span()?.fromMs, Number.NEGATIVE_INFINITY)
})

test('what the stream says is stale is to be asked again, as far as it is loaded', () => {
  const series = made()
  series.answered(series.ask({ fromMs: at(5), toMs: Number.POSITIVE_INFINITY }, 500), [])
  series.tell(told(9, [], true))
  assert.deepEqual(series.takeDoubted(), { fromMs: at(5), toMs: at(9) }, 'all before it began')
  series.tell(stale(3, 7))
  assert.deepEqual(series.takeDoubted(), { fromMs: at(5), toMs: at(7) })
  assert.equal(series.takeDoubted(), null)
})

test('a stale stretch is remembered while its first answer is on its way', () => {
  const series = made()
  const question = series.ask({ fromMs: at(0), toMs: Number.POSITIVE_INFINITY }, 500)
  series.tell(stale(3, 7))
  assert.equal(series.takeDoubted(), null)
  series.answered(question, [bar(3, 3)])
  assert.deepEqual(series.takeDoubted(), { fromMs: at(3), toMs: at(7) })
})

test('a failed question leaves its stretch in doubt', () => {
  const series = made()
  series.answered(series.ask({ fromMs: at(0), toMs: Number.POSITIVE_INFINITY }, 500), [bar(3, 3)])
  series.failed(series.ask({ fromMs: at(2), toMs: at(4) }, 500))
  assert.deepEqual(series.takeDoubted(), { fromMs: at(2), toMs: at(4) })
})

test('a stream that begins anew keeps what the last one told until it is answered', () => {
  const series = made()
  series.answered(series.ask(LATEST, 500), [])
  series.tell(told(1, [bar(1, 1), bar(2, 2)], true))
  series.takeDoubted()
  series.tell(told(3, [bar(3, 3)], true))
  assert.deepEqual(volumes(series), [1, 2, 3])
  const again = series.takeDoubted()
  assert.deepEqual(again, { fromMs: Number.NEGATIVE_INFINITY, toMs: at(3) })
  series.answered(series.ask(again ?? LATEST, 500), [bar(1, 1), bar(2, 9)])
  assert.deepEqual(volumes(series), [1, 9, 3])
})

test('what is forgotten is not loaded any more, and is asked for like anything earlier', () => {
  const series = made()
  series.answered(series.ask(LATEST, 500), [bar(1, 1), bar(2, 2), bar(3, 3)])
  series.tell(told(3, [bar(3, 3), bar(4, 4)], true))
  series.forget(at(2))
  assert.equal(series.span()?.fromMs, at(2))
  assert.deepEqual(volumes(series), [2, 3, 4])
  series.forget(at(4))
  assert.deepEqual(volumes(series), [4])
  series.tell(told(3, [bar(3, 9)]))
  assert.deepEqual(volumes(series), [4])
})

test('messages about another symbol or width change nothing', () => {
  const series = made()
  series.tell({ ...told(1, [bar(1, 1)], true), symbol: 'MSFT' })
  series.tell({ ...told(1, [bar(1, 1)], true), interval: '5m' })
  assert.equal(series.span(), null)
})

test('days are those of the regular session', () => {
  const series = createSeries('AAPL', '1d')
  const day = (session: Bar['session']) => ({ ...bar(0, 1, session), bucket: '2026-11-20T00:00Z' })
  series.answered(series.ask(LATEST, 500), [day('pre'), day('regular'), day('post')])
  assert.deepEqual(
    series.bars().map(({ bar }) => bar.session),
    ['regular'],
  )
})

/** A server whose answers wait until they are let through; the stream's messages stay in order. */
function createServer() {
  const truth = new Map<string, Bar>()
  const answers: { question: Question; bars: readonly Bar[] }[] = []
  let messages: (Told & { kind: 'bars' | 'stale' })[] = []
  let since: number | null = null
  const inOrder = () => [...truth].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, bar]) => bar)
  const minuteOf = ({ bucket }: Bar) => (Date.parse(bucket) - OPEN) / MINUTE
  return {
    answers,
    takeMessage: () => messages.shift(),
    truth: (fromMs: number) => inOrder().filter(({ bucket }) => Date.parse(bucket) >= fromMs),
    trade(minute: number, session: Bar['session']) {
      const volume = (truth.get(iso(minute) + session)?.volume ?? 0) + 1
      const changed = bar(minute, volume, session)
      truth.set(iso(minute) + session, changed)
      if (since === null) return
      messages.push(minute >= since ? told(since, [changed]) : stale(minute, minute + 1))
    },
    read(question: Question) {
      const { fromMs, toMs, limit } = question
      const within = inOrder().filter(({ bucket }) => {
        const ms = Date.parse(bucket)
        return ms >= fromMs && ms < toMs
      })
      answers.push({ question, bars: within.slice(-limit) })
    },
    subscribe(minute: number) {
      since = minute
      messages.push(
        told(
          since,
          inOrder().filter((bar) => minuteOf(bar) >= minute),
          true,
        ),
      )
    },
    forget(minute: number) {
      if (since === null || minute <= since) return
      since = minute
      messages.push(told(since, []))
    },
    isSubscribed: () => since !== null,
    lose() {
      since = null
      messages = []
    },
  }
}

const MINUTES = 12
const minute = fc.nat(MINUTES - 1)
const step = fc.oneof(
  { weight: 6, arbitrary: fc.tuple(fc.constant('trade'), minute) },
  fc.tuple(fc.constantFrom('late', 'ask', 'subscribe', 'forget'), minute),
  fc.tuple(fc.constantFrom('again', 'earlier', 'lose', 'answer', 'fail', 'trim'), minute),
  { weight: 4, arbitrary: fc.tuple(fc.constant('message'), minute) },
)

test('after any order of answers, messages and losses the bars are those of /api/candles', () => {
  fc.assert(
    fc.property(
      fc.array(step, { minLength: 10, maxLength: 60, size: 'max' }),
      fc.integer({ min: 3, max: 9 }),
      (steps, limit) => {
        const server = createServer()
        const series = made()
        const ask = (question: Question) => server.read(question)
        const again = () => {
          const range = series.takeDoubted()
          if (range !== null) ask(series.ask(range, limit))
          return range !== null
        }
        const earlier = (toMs: number) =>
          ask(series.ask({ fromMs: Number.NEGATIVE_INFINITY, toMs }, limit))
        const answer = (index: number) => {
          const [next] = server.answers.splice(index % Math.max(server.answers.length, 1), 1)
          if (next !== undefined) series.answered(next.question, next.bars)
          return next !== undefined
        }
        const message = () => {
          const next = server.takeMessage()
          if (next !== undefined) series.tell(next)
          return next !== undefined
        }
        for (const [what, which] of steps) {
          if (what === 'trade') server.trade(which, 'regular')
          else if (what === 'late') server.trade(which, 'pre')
          else if (what === 'ask') ask(series.ask(LATEST, limit))
          else if (what === 'subscribe') server.subscribe(which)
          else if (what === 'forget') server.forget(which)
          else if (what === 'lose') server.lose()
          else if (what === 'again') again()
          else if (what === 'earlier') earlier(series.span()?.fromMs ?? Number.POSITIVE_INFINITY)
          else if (what === 'answer') answer(which)
          else if (what === 'message') message()
          else if (what === 'trim') series.forget(at(which))
          else {
            const [lost] = server.answers.splice(0, 1)
            if (lost !== undefined) series.failed(lost.question)
          }
        }
        if (!server.isSubscribed()) server.subscribe(MINUTES - 2)
        if (series.span() === null) ask(series.ask(LATEST, limit))
        while (message() || answer(1) || again());
        const { fromMs } = series.span() ?? { fromMs: 0 }
        assert.deepEqual(
          series.bars().map(({ bar }) => bar),
          server.truth(fromMs),
        )
      },
    ),
    { numRuns: 4000 },
  )
})
