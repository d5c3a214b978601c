/** What a column holds, as far as showing it goes. */
export type Kind = 'number' | 'moment' | 'date' | 'boolean' | 'nested' | 'text'

const NUMBER = /^(U?(TINYINT|SMALLINT|INTEGER|BIGINT|HUGEINT)|FLOAT|DOUBLE|BIGNUM|DECIMAL\(.*\))$/
const NESTED = /\]$|^(STRUCT|MAP|UNION)\(/
const NAME = /^(VARCHAR|UUID|BOOLEAN|ENUM\(.*\))$/

export function kindOf(type: string): Kind {
  if (NESTED.test(type)) return 'nested'
  if (NUMBER.test(type)) return 'number'
  if (type.startsWith('TIMESTAMP')) return 'moment'
  if (type === 'DATE') return 'date'
  return type === 'BOOLEAN' ? 'boolean' : 'text'
}

export const isNumberType = (type: string): boolean => kindOf(type) === 'number'
export const isTimeType = (type: string): boolean => ['moment', 'date'].includes(kindOf(type))
export const isNameType = (type: string): boolean => NAME.test(type)

/** More of a type is in the title of its column. */
const TYPE_CHARS_MAX = 28

/** A type as the head of a column says it: moments are in UTC, and long ones are cut. */
export function typeText(type: string): string {
  const short = type.replace('TIMESTAMP WITH TIME ZONE', 'TIMESTAMPTZ')
  const told = kindOf(type) === 'moment' ? `${short}, UTC` : short
  return told.length <= TYPE_CHARS_MAX ? told : `${told.slice(0, TYPE_CHARS_MAX - 1)}…`
}

/** The whole of a value as text, every digit as it was told. */
export function valueText(value: unknown): string {
  if (value === null || value === undefined) return 'NULL'
  return typeof value === 'string' ? value : JSON.stringify(value)
}

/** What a value counts in a chart, which rounds; null: nothing. */
export function numberOf(value: unknown): number | null {
  if (typeof value !== 'number' && (typeof value !== 'string' || value.trim() === '')) return null
  const number = Number(value)
  return Number.isFinite(number) ? number : null
}

/** A moment or a date in ms; null: none, or beyond what a clock can say. */
export function millisOf(value: unknown): number | null {
  if (typeof value !== 'string') return null
  const text = value.replace(' ', 'T')
  const ms = Date.parse(text.length > 10 && !text.endsWith('Z') ? `${text}Z` : text)
  return Number.isFinite(ms) ? ms : null
}
