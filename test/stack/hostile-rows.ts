import { seededRandom } from '../../src/flow/random.ts'
import { dayOf, DAY_MS, newYorkSummer, specialDaysOf } from '../../src/market/calendar.ts'
import type { SessionEvent } from '../../src/market/feed-events.ts'
import type { RowObject } from '../differential/duckdb-views.ts'
import { session } from '../differential/session-logs.ts'

const SEED = 5
const HOUR_MS = 3_600_000
const MINUTE_MS = 60_000

/** Symbols whose prices and volumes are small binary fractions: any sum of theirs is exact. */
export const EXACT_SYMBOLS: readonly string[] = ['AAPL', 'BRK.B', 'BINANCE:BTCUSDT', 'VOD.L']
const SYMBOLS: readonly string[] = [
  ...EXACT_SYMBOLS,
  'MSFT',
  'ABC.L',
  'SPOT',
  "O'NEIL",
  'A"B:C',
  ':',
  '.L',
  'A.B.L',
  '..TO',
  'x.l',
  'AAPL ',
  'A%_',
  '\\',
  'É',
  '日本.T',
  '😀:a',
  'Ａ：Ｂ',
  'A\u2028.L',
  'A\u2028:B',
  'A\nB:C',
  'A\n.L',
  'C.\nL',
  '',
]
/** Symbols whose listing is not what their form says. */
export const LISTING = { continuous: ['SPOT', "O'NEIL"], us: ['ABC.L', 'A"B:C'] }

const CODES = Array.from({ length: 44 }, (_, code) => String(code))
const ODD_CONDITIONS: readonly (string | null)[] = [
  null,
  '',
  'x',
  '1,,8',
  ',',
  '16\n',
  '\n16',
  '1, 8',
  "'",
  '1,8,',
  '٣',
  '12\u2028',
  '1,24,12',
]

type Place = { readonly ms: number; readonly conditions: string | null; readonly symbol: string }

/**
 * Rows of `records`: every code and every pair of codes in every session; every special day and clock change of
 * 2000 to 2049 where a rule turns; symbols that regular expressions and quotes stumble over; trades that share
 * their millisecond; defects, redelivered blocks and fractional volumes among them.
 */
export function hostileRecords(): readonly RowObject[] {
  const random = seededRandom(SEED)
  const among = <T>(values: readonly T[], fallback: T): T =>
    values[Math.floor(random.next() * values.length)] ?? fallback
  const places = [...conditionPlaces(), ...dayPlaces(), ...crowdPlaces()]
  return places.map(({ ms, conditions, symbol }, i): RowObject => {
    const exact = EXACT_SYMBOLS.includes(symbol)
    const good = i % 41 !== 40
    return {
      symbol: good ? symbol : null,
      ts: good ? ms : null,
      price: !good ? null : exact ? 1 + Math.floor(random.next() * 64) / 64 : random.next() * 1e3,
      volume: !good ? null : exact ? Math.floor(random.next() * 64) / 8 : odd(random.next(), i),
      conditions: good ? conditions : null,
      received_at: ms + 17,
      redelivered: i % 23 === 22,
      source: among(['simulator', 'finnhub'], 'simulator'),
      defect: good ? null : among(['no price', 'time out of range'], 'no price'),
      raw: good ? null : `{"p":"\u00e9${i}'}`,
      tape: among(['tape-1', 'tape-2'], 'tape-1'),
      tape_partition: i % 3,
      tape_offset: i,
    }
  })
}

const odd = (chance: number, i: number): number =>
  [0, 1e-9, 1e15, Number.MAX_SAFE_INTEGER, 1e300][i % 50] ?? chance * 5

/** 1 July 2026, a Wednesday: a moment in each session, and the milliseconds beside the turns. */
const TURNS_OF_DAY: readonly number[] = [
  8 * HOUR_MS,
  13.5 * HOUR_MS - 1,
  13.5 * HOUR_MS,
  15 * HOUR_MS,
  20 * HOUR_MS - 1,
  20 * HOUR_MS,
  20 * HOUR_MS + 9_999,
  20 * HOUR_MS + 10_000,
  20 * HOUR_MS + 5 * MINUTE_MS - 1,
  20 * HOUR_MS + 5 * MINUTE_MS,
  24 * HOUR_MS + 1,
  28 * HOUR_MS - 1,
  28 * HOUR_MS,
]

function conditionPlaces(): readonly Place[] {
  const day = dayOf(2026, 7, 1) * DAY_MS
  const pairs = CODES.flatMap((a, i) => CODES.slice(i + 1).map((b) => [a, b].join(',')))
  const threes = CODES.map((code, i) => [code, '1', CODES[(i * 7) % 44]].join(','))
  const sets = [...ODD_CONDITIONS, ...CODES, ...threes]
  return [
    ...sets.flatMap((conditions, i) =>
      TURNS_OF_DAY.map((turn, j) => ({ ms: day + turn, conditions, symbol: symbolOf(i + j) })),
    ),
    ...pairs.flatMap((conditions, i) =>
      [i, i + 5].map((n) => ({
        ms: day + (TURNS_OF_DAY[n % TURNS_OF_DAY.length] ?? 0),
        conditions,
        symbol: symbolOf(i % 7),
      })),
    ),
  ]
}

/** Around each special day of 50 years, and the first and last days: where a session, a day or an hour turns. */
function dayPlaces(): readonly Place[] {
  const years = Array.from({ length: 50 }, (_, i) => 2000 + i)
  const days = years.flatMap((year) => [...specialDaysOf(year).keys()])
  const clocks = years.flatMap((year) => {
    const { startMs, endMs } = newYorkSummer(year)
    return [startMs, endMs].flatMap((ms) => [-3, -2, 21, 22].map((hour) => ms + hour * HOUR_MS))
  })
  const turns = days.flatMap((day, i) =>
    [5, 14.5, 17, 18, 18 + 1 / 12, 21, 21 + 1 / 12]
      .map((hour) => day * DAY_MS + hour * HOUR_MS)
      .filter((_, j) => (i + j) % 2 === 0),
  )
  const ends = [
    dayOf(2000, 1, 1) * DAY_MS,
    dayOf(2050, 1, 1) * DAY_MS - 1,
    dayOf(2051, 6, 1) * DAY_MS,
  ]
  return [...clocks, ...turns, ...ends].flatMap((turn, i) =>
    [turn - 1, turn].map((ms, j) => ({
      ms: Math.round(ms),
      conditions: ['1', '1,15', '1,24', null][(i + j) % 4] ?? null,
      symbol: ['AAPL', 'MSFT', 'BRK.B', 'BINANCE:BTCUSDT', 'ABC.L'][i % 5] ?? 'AAPL',
    })),
  )
}

/** Many trades of few symbols in the same milliseconds. */
const crowdPlaces = (): readonly Place[] =>
  Array.from({ length: 900 }, (_, i) => ({
    ms: dayOf(2026, 7, 2) * DAY_MS + 14 * HOUR_MS + (i % 4) * 20_000,
    conditions: ['1', '1,8', '32', '1,12', '21', '15', '16', null, '9,12'][(i * 5) % 9] ?? null,
    symbol: symbolOf(i % 8),
  }))

const symbolOf = (i: number): string => SYMBOLS[i % SYMBOLS.length] ?? ''

/** Rows of `feed_log` of these logs, each on a tape of its own, one after the other; with records that are no events. */
export function feedLogRows(logs: readonly (readonly SessionEvent[])[]): readonly RowObject[] {
  return [...logs, NAMES].flatMap((events, i) => [
    ...events.map((event, offset) => feedLogRow(event, { tape: tapeOf(i), offset })),
    ...(i % 5 === 0
      ? [{ ...torn, received_at: events[0]?.at ?? 0, tape: tapeOf(i), tape_offset: 99 }]
      : []),
  ])
}

// Names do not grow with time: the order is that of the first records.
const tapeOf = (i: number): string => `tape-${(i * 7) % 97}-${i}`
const torn = { tape_partition: 0, bytes: 'torn' }
const AT_MS = Date.parse('2026-07-02T00:00:00Z')
const NAMES: readonly SessionEvent[] = [
  session({ kind: 'opened', at: AT_MS }),
  session({
    kind: 'subscribed',
    at: AT_MS + 1,
    symbols: ['"', '\\', "'", '😀', 'É', '\u2028', ''],
  }),
  session({ kind: 'unsubscribed', at: AT_MS + 2, symbols: ['"', '"'], cause: 'it’s "so"' }),
  session({ kind: 'alive', at: AT_MS + 5_000, to: AT_MS + 5_000 }),
  session({ kind: 'closed', at: AT_MS + 9_000, to: AT_MS + 8_000 }),
]

const feedLogRow = (
  event: SessionEvent,
  { tape, offset }: { readonly tape: string; readonly offset: number },
): RowObject => ({
  occurred_at: event.at,
  recorder: event.recorder,
  epoch: event.epoch,
  source: event.source,
  kind: event.kind,
  symbols: event.symbols === null ? null : JSON.stringify(event.symbols),
  from_ts: event.from,
  to_ts: event.to,
  cause: event.cause,
  bytes: null,
  received_at: event.at,
  tape,
  tape_partition: 0,
  tape_offset: offset,
})
