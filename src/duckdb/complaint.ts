/** What DuckDB says is wrong, and where in the statement (UTF-16 units from its start); null: it does not say. */
export type Complaint = { readonly text: string; readonly position: number | null }

/** Of an engine that has `errors_as_json`; a message that is no JSON stays as it is. */
export function complaintOf(message: string, sql: string): Complaint {
  const bare = message.replace(/^Failed to extract statements: /, '')
  const json = jsonOf(bare.replace(/^[A-Z][A-Za-z ]* Error: (?=\{"exception_type")/, ''))
  if (json === null) return { text: bare, position: null }
  const { exception_type: type, exception_message: said, position } = json
  // Some kinds end in the word already, as "Syntax Error" would.
  const kind = /\bError$/i.test(type) ? type : `${type} Error`
  return { text: `${kind}: ${said}`.trim(), position: unitsOf(sql, position) }
}

type Json = {
  readonly exception_type: string
  readonly exception_message: string
  readonly position: unknown
}

function jsonOf(text: string): Json | null {
  if (!text.startsWith('{"exception_type"')) return null
  try {
    const parsed = JSON.parse(text) as Partial<Json>
    const { exception_type: type, exception_message: said, position } = parsed
    if (typeof type !== 'string' || typeof said !== 'string') return null
    return { exception_type: type, exception_message: said, position }
  } catch {
    return null
  }
}

/** DuckDB counts the bytes of UTF-8. */
function unitsOf(sql: string, position: unknown): number | null {
  const bytes = typeof position === 'string' ? Number(position) : NaN
  const encoded = Buffer.from(sql)
  if (!Number.isSafeInteger(bytes) || bytes < 0 || bytes > encoded.length || sql === '') return null
  return encoded.subarray(0, bytes).toString().length
}

/** Of a long line this much is shown on either side of the place. */
const SHOWN_MAX = 40

/** The line of a statement that is wrong, with a mark below the place, as DuckDB itself writes it. */
export function excerpt(sql: string, position: number): string {
  const before = sql.slice(0, position)
  const lineStart = before.lastIndexOf('\n') + 1
  const number = before.split('\n').length
  const lineEnd = sql.indexOf('\n', position)
  const line = sql.slice(lineStart, lineEnd === -1 ? undefined : lineEnd).replaceAll(/\s/g, ' ')
  const at = position - lineStart
  const first = Math.max(0, at - SHOWN_MAX)
  const end = Math.min(line.length, at + SHOWN_MAX)
  const lead = `LINE ${number}: ${first > 0 ? '...' : ''}`
  const shown = `${line.slice(first, end)}${end < line.length ? '...' : ''}`
  return `${lead}${shown}\n${' '.repeat(lead.length + at - first)}^`
}
