import { assert } from '../flow/fault.ts'
import { SESSIONS, type Session } from '../market/sessions.ts'
import type { AsOf, Query, Value } from './query.ts'

/** How long an answer may take altogether, ms (null: as long as it wants), and what ends it before. */
export type Bounds = { readonly millisMax: number | null; readonly signal: AbortSignal }

export type Rows = { readonly asOf: AsOf; readonly rows: readonly (readonly Value[])[] }

/** Runs one statement of ticklake's own; all of its rows. */
export async function rowsOf(query: Query, sql: string, bounds: Bounds): Promise<Rows> {
  const { millisMax, signal } = bounds
  const { asOf, batches } = await query.run(sql, { rowsMax: null, millisMax }, signal)
  return { asOf, rows: (await Array.fromAsync(batches)).flat() }
}

/** The same bounds for several statements: each may take what those before it have left. */
export function shared({ millisMax, signal }: Bounds): () => Bounds {
  const begunMs = performance.now()
  const left = (whole: number) => Math.max(1, Math.ceil(whole - (performance.now() - begunMs)))
  return () => ({ millisMax: millisMax === null ? null : left(millisMax), signal })
}

export const numberOf = (value: Value | undefined): number | null =>
  value === null || value === undefined ? null : Number(value)

/** The column `session` of the views. */
export function sessionOf(value: Value | undefined): Session {
  const session = SESSIONS.find((known) => known === value)
  assert(session !== undefined, `a view gave the session ${JSON.stringify(value)}`)
  return session
}
