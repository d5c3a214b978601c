/** Namespace and table. */
export type TableName = { readonly namespace: string; readonly name: string }
/**
 * What a table's name points at: the location of its current metadata document, and the adapter's own token;
 * null in a pointer that the caller made itself of the location that it just swapped in.
 */
export type Pointer = { readonly location: string; readonly token: string | null }

/**
 * The one atomic swap. `swapped`: the name now points at `to`. `lost`: somebody else moved it, or it did not
 * point at `from`: load again, and look for your own snapshot before trying again. `unknown`: the answer was
 * lost; it may or may not have happened, or happen still: delete nothing, load, look. `from` null creates
 * the name, and its namespace where that is missing. A location is never swapped in twice. A swap that
 * throws is as good as `unknown`. Faults: `unavailable` (retry), `invalid` (not a catalog, no rights).
 */
export type Catalog = AsyncDisposable & {
  load(table: TableName): Promise<Pointer | null>
  swap(table: TableName, from: Pointer | null, to: string): Promise<'swapped' | 'lost' | 'unknown'>
}
