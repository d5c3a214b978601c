/** What a text must look like, and that in words. */
export type Form = { readonly pattern: RegExp; readonly says: string }

/** What a setting holds, as data: parsing, help, JSON Schema and the reference page all read this. */
export type Kind =
  | { readonly type: 'text'; readonly metavar: string; readonly form?: Form }
  | { readonly type: 'choice'; readonly values: readonly string[]; readonly metavar?: string }
  | { readonly type: 'integer'; readonly min: number; readonly max: number }
  /** Written `10s`, `7d`; held in ms. */
  | { readonly type: 'duration'; readonly minMs: number; readonly maxMs: number }
  /** Written `64MB`; held in bytes. */
  | { readonly type: 'size'; readonly min: number; readonly max: number }
  /** Written `AAPL,MSFT`, or as a YAML list. */
  | { readonly type: 'list'; readonly metavar: string }
  /** Never a flag, never printed. */
  | { readonly type: 'secret' }

export type Setting = {
  readonly kind: Kind
  /** As a person would write it; null: nothing. `fallback` says in words what then happens. */
  readonly default: string | null
  readonly fallback?: string
  readonly env: string
  readonly doc: string
  /** The commands that take it as a flag; 'all': every command that reads settings. */
  readonly commands: 'all' | readonly string[]
}

export const text = <const M extends string>(metavar: M) => ({ type: 'text', metavar }) as const
export const DAY_MS = 86_400_000
