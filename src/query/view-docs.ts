import { FEED_LOG, RECORDS, type Table } from '../market/tables.ts'

/** What a relation that can be asked is, and each of its columns, in a line for people. */
export type RelationDoc = {
  readonly name: string
  readonly about: string
  readonly columns: Readonly<Record<string, string>>
}

const docsOf = ({ fields }: Table): Readonly<Record<string, string>> =>
  Object.fromEntries(fields.map(({ name, doc }) => [name, doc]))

const RECORD = docsOf(RECORDS)

const BAR = {
  symbol: RECORD['symbol'] ?? '',
  session: 'pre, regular, post, or continuous where the symbol keeps no US hours',
  bucket: 'start of the bar, UTC; of a daily bar its day',
  open: 'price of the first trade that may set it; null: none may',
  high: 'highest price of those that may set it',
  low: 'lowest price of those that may set it',
  close: 'price of the last trade that may set it',
  volume: 'sum of the volume that counts',
  trades: 'how many trades count for the volume',
  vwap: 'average price, weighted by volume',
}

/** All that can be asked by name, most asked first; bars of any width come from `bars('5m')`. */
export const RELATIONS: readonly RelationDoc[] = [
  {
    name: 'trades',
    about:
      'The records that are trades, with their session, their day and what their conditions let them count for.',
    columns: {
      ...RECORD,
      session: BAR.session,
      trade_date: "the session's day: New York's for US symbols, else UTC's",
      extended_hours: 'the conditions say that it was outside regular hours',
      odd_lot: 'less than a round lot',
      sweep: 'part of an intermarket sweep',
      counts_volume: 'its volume counts',
      counts_high_low: 'its price may set high and low',
      counts_last: 'its price may set open and close',
      counts_last_conditional: 'its price may set open and close where no other may',
    },
  },
  {
    name: 'bars_1m',
    about: "One-minute bars by the condition rules; a bucket is the minute's start, UTC.",
    columns: BAR,
  },
  {
    name: 'bars_1d',
    about: "Daily bars by the condition rules; a US symbol's day is New York's.",
    columns: BAR,
  },
  {
    name: 'gaps',
    about: 'When trades may be missing, of all symbols (null) or of one, and why.',
    columns: {
      symbol: 'null: of all symbols',
      from_ts: 'start of the gap, UTC',
      to_ts: 'its end; of an open gap now',
      cause: 'why',
      open: 'it has not ended',
    },
  },
  {
    name: 'dead_letters',
    about: 'The records that are no trades, with the reason and their bytes.',
    columns: RECORD,
  },
  {
    name: 'records',
    about: 'Every record that the feed sent, as it is in the lake and on the tape.',
    columns: RECORD,
  },
  {
    name: 'feed_log',
    about: 'What the recorder was told and did: connections, subscriptions, losses.',
    columns: docsOf(FEED_LOG),
  },
  {
    name: 'us_calendar',
    about:
      "The days of New York with the exchange's hours, holidays and early closes, 2000 to 2049.",
    columns: {
      day: 'of New York',
      is_open: 'the exchange opens',
      midnight_ts: 'when the day begins, UTC',
      open_ts: 'when regular hours begin, UTC',
      close_ts: 'when they end, UTC',
      regular_until_ts: 'until when a trade may be reported as of regular hours, UTC',
      last_eligible_until_ts: 'until when some conditions may still set the last price, UTC',
    },
  },
]

/** What a relation is, in a line. */
export const aboutRelation = (name: string): string =>
  RELATIONS.find((relation) => relation.name === name)?.about ?? ''
