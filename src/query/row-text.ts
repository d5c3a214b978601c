import type { Answer, ResultColumn, Value } from './query.ts'

/** An answer as CSV (RFC 4180), a piece a batch; a NULL is an empty field, an empty text is "". */
export async function* csvText({ columns, batches }: Answer): AsyncIterable<string> {
  yield `${columns.map(({ name }) => csvField(name)).join(',')}\r\n`
  for await (const batch of batches) {
    if (batch.length > 0) yield batch.map((row) => `${row.map(csvCell).join(',')}\r\n`).join('')
  }
}

const csvCell = (value: Value): string => {
  const text = cellText(value)
  return text === null ? '' : csvField(text)
}
const csvField = (text: string): string =>
  text === '' || /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text

/** An answer as NDJSON, a piece a batch. */
export async function* ndjsonText({ columns, batches }: Answer): AsyncIterable<string> {
  for await (const batch of batches) {
    if (batch.length > 0) yield batch.map((row) => `${rowJson(columns, row)}\n`).join('')
  }
}

/** One row as a JSON object; 64-bit numbers keep every digit, a name that comes twice is numbered. */
export function rowJson(columns: readonly ResultColumn[], row: readonly Value[]): string {
  const seen = new Map<string, number>()
  const fields = columns.map(({ name }, i) => {
    const times = (seen.get(name) ?? 0) + 1
    seen.set(name, times)
    return `${JSON.stringify(times === 1 ? name : `${name}_${times}`)}:${valueJson(row[i] ?? null)}`
  })
  return `{${fields.join(',')}}`
}

/** JSON has no NaN and no infinity: they are text. */
export function valueJson(value: Value): string {
  if (typeof value === 'bigint') return value.toString()
  if (typeof value === 'number')
    return Number.isFinite(value) ? JSON.stringify(value) : JSON.stringify(String(value))
  if (Array.isArray(value)) return `[${value.map((item: Value) => valueJson(item)).join(',')}]`
  if (typeof value === 'object' && value !== null)
    return `{${Object.entries(value)
      .map(([name, item]: [string, Value]) => `${JSON.stringify(name)}:${valueJson(item)}`)
      .join(',')}}`
  return JSON.stringify(value)
}

/** Null: SQL NULL. */
export const cellText = (value: Value): string | null => {
  if (value === null) return null
  return typeof value === 'object' ? valueJson(value) : String(value)
}
