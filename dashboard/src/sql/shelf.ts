/** What was run. */
export type Past = {
  readonly sql: string
  readonly atMs: number
  /** Null: it gave none, and `failure` says why. */
  readonly rows: number | null
  readonly millis: number | null
  readonly failure: string | null
}
export type Saved = { readonly name: string; readonly sql: string }

/** More is not looked through. */
export const HISTORY_MAX = 100
/** A browser keeps about 5 MB: a statement longer than this is run, but not remembered. */
const SQL_CHARS_MAX = 20_000
export const NAME_CHARS_MAX = 80

/** The newest first; a statement run again moves to the top. */
export function withPast(history: readonly Past[], past: Past): readonly Past[] {
  if (past.sql.length > SQL_CHARS_MAX) return history
  return [past, ...history.filter(({ sql }) => sql !== past.sql)].slice(0, HISTORY_MAX)
}

/** In the order of their names; one of the same name is replaced. */
export const withSaved = (list: readonly Saved[], saved: Saved): readonly Saved[] =>
  [...list.filter(({ name }) => name !== saved.name), saved].toSorted((a, b) =>
    a.name.localeCompare(b.name),
  )

export const withoutSaved = (list: readonly Saved[], name: string): readonly Saved[] =>
  list.filter((saved) => saved.name !== name)

/** Under its new name; where another has that already, nothing changes. */
export function renamed(list: readonly Saved[], from: string, to: string): readonly Saved[] {
  const saved = list.find(({ name }) => name === from)
  if (saved === undefined || list.some(({ name }) => name === to)) return list
  return withSaved(withoutSaved(list, from), { ...saved, name: to })
}

/** What a name is kept as; null: it is none. */
export function cleanName(typed: string): string | null {
  const name = typed.replaceAll(/\s+/g, ' ').trim().slice(0, NAME_CHARS_MAX).trim()
  return name === '' ? null : name
}

type Fields = Readonly<Record<string, unknown>>
const isFields = (value: unknown): value is Fields => typeof value === 'object' && value !== null

/** Kept texts are whatever someone left there: what is no entry is left out. */
export const historyOf = (kept: unknown): readonly Past[] =>
  listOf(kept, ({ sql, atMs, rows, millis, failure }) => {
    if (typeof sql !== 'string' || typeof atMs !== 'number') return null
    const number = (value: unknown) => (typeof value === 'number' ? value : null)
    const why = typeof failure === 'string' ? failure : null
    return { sql, atMs, rows: number(rows), millis: number(millis), failure: why }
  }).slice(0, HISTORY_MAX)

export const savedOf = (kept: unknown): readonly Saved[] =>
  listOf(kept, ({ name, sql }) =>
    typeof name === 'string' && typeof sql === 'string' ? { name, sql } : null,
  )

const listOf = <T>(kept: unknown, read: (fields: Fields) => T | null): readonly T[] =>
  Array.isArray(kept)
    ? kept
        .filter(isFields)
        .map(read)
        .filter((one) => one !== null)
    : []
