import { textLiteral, type Dialect, type Pick } from '../dialect.ts'

const pick = (name: 'arg_min' | 'arg_max', { value, by, where }: Pick): string => {
  const place = by.length === 1 ? by[0] : `(${by.join(', ')})`
  return `${name}(${value}, ${place})${where === undefined ? '' : ` FILTER (WHERE ${where})`}`
}

/** DuckDB 1.5, on a connection whose TimeZone is UTC. */
export const duckdb: Dialect = {
  name: 'duckdb',
  // The one regular expression that DuckDB evaluates once for each word of a dictionary column.
  fullMatch: (text, pattern) => `regexp_full_match(${text}, ${textLiteral(pattern)})`,
  argMin: (of) => pick('arg_min', of),
  argMax: (of) => pick('arg_max', of),
  greatest: (...values) => `greatest(${values.join(', ')})`,
  least: (...values) => `least(${values.join(', ')})`,
  anyValue: (value) => `any_value(${value})`,
  millisOf: (timestamp) => `epoch_ms(${timestamp})`,
  timestampOf: (millis) => `epoch_ms(${millis})`,
  nowMs: 'epoch_ms(now())',
  plusDays: (date, days) => `CAST(${date} + CAST(${days} AS INTEGER) AS DATE)`,
  isoWeekday: (date) => `isodow(${date})`,
  integers: (count, alias) => `range(${count}) AS ${alias}`,
  words: (words, alias) => `unnest(string_split(${textLiteral(words.join(' '))}, ' ')) AS ${alias}`,
  distinctTexts: (json) => `list_distinct(from_json(${json}, '["VARCHAR"]'))`,
  computed: (timestamp) => timestamp,
  day: null,
}
