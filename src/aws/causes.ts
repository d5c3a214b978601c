/** What failed: a line that begins with what was asked, as in `glue:GetTable: no credentials`, and its remedy. */
export type Failure = { readonly says: string; readonly remedy?: string }

/**
 * Whether a failure has the cause and the remedy of one that was asked about before: where nobody is let in,
 * every request fails alike, and once is enough to tell it.
 */
export function causesTold(): (failure: Failure) => boolean {
  const told = new Set<string>()
  return ({ says, remedy = '' }) => {
    const cause = says.slice(says.indexOf(': ') + 1)
    const key = `${cause}\n${remedy}`
    const isTold = told.has(key)
    told.add(key)
    return isTold
  }
}
