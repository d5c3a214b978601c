import { textLiteral, type Dialect, type Pick } from '../dialect.ts'

const EPOCH = "TIMESTAMP '1970-01-01 00:00:00.000'"

/** Rows with a null part are left out: Trino refuses to compare them, and would fail the whole query. */
function pick(name: 'min_by' | 'max_by', { value, by, where }: Pick): string {
  const place = by.length === 1 ? by[0] : `ROW(${by.join(', ')})`
  const present = [value, ...by].map((part) => `${part} IS NOT NULL`)
  const rows = [...(where === undefined ? [] : [where]), ...present].join(' AND ')
  return `${name}(${value}, ${place}) FILTER (WHERE ${rows})`
}

/** Trino's own answer is null as soon as one of them is. */
const among = (name: 'greatest' | 'least', values: readonly string[]): string =>
  values.reduce((a, b) => `coalesce(${name}(${a}, ${b}), ${a}, ${b})`)

/** Trino 476. */
export const trino: Dialect = {
  name: 'trino',
  // \z and not $, which stands before a final newline too.
  fullMatch: (text, pattern) => `regexp_like(${text}, ${textLiteral(`\\A(?:${pattern})\\z`)})`,
  argMin: (of) => pick('min_by', of),
  argMax: (of) => pick('max_by', of),
  greatest: (...values) => among('greatest', values),
  least: (...values) => among('least', values),
  anyValue: (value) => `arbitrary(${value})`,
  millisOf: (timestamp) => `date_diff('millisecond', ${EPOCH}, ${timestamp})`,
  // Not date_add: it counts in 32 bits, and 2^31 ms are 25 days.
  timestampOf: (millis) => `(${EPOCH} + ${millis} * INTERVAL '0.001' SECOND)`,
  nowMs: "date_diff('millisecond', from_unixtime(0), now())",
  plusDays: (date, days) => `date_add('day', ${days}, ${date})`,
  isoWeekday: (date) => `day_of_week(${date})`,
  // A sequence holds 10,000 at most.
  integers: (count, alias) => `UNNEST(sequence(0, ${count - 1})) AS ${alias}`,
  words: (words, alias) => `UNNEST(split(${textLiteral(words.join(' '))}, ' ')) AS ${alias}`,
  distinctTexts: (json) => `array_distinct(CAST(json_parse(${json}) AS array(varchar)))`,
  computed: (timestamp) => timestamp,
  // Trino unwraps this cast to a stretch of ts, but not date_trunc('minute', ts).
  day: 'CAST(ts AS date)',
}

/**
 * Athena engine version 3, which is made from Trino: the same functions, all of them older than it. What views
 * compute is timestamp(3), which CREATE TABLE AS and UNLOAD take there; a table's own columns stay timestamp(6),
 * since a filter on a cast leaves no file out. That Athena makes views of them is an assumption: its User Guide
 * makes one of SELECT * over an Iceberg table, and no Athena was at hand.
 */
export const athena: Dialect = {
  ...trino,
  name: 'athena',
  computed: (timestamp) => `CAST(${timestamp} AS timestamp(3))`,
}
