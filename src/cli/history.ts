/**
 * The prompt's history: a query of several lines is one entry, on one line. `entries` is readline's own list,
 * newest first, and is changed in place.
 */
export type QueryHistory = {
  /** The newest entry was just entered. */
  entered(entries: string[]): void
  /** The query that was begun is given up. */
  reset(): void
}

export function queryHistory(): QueryHistory {
  let open: string | null = null
  return {
    entered: (entries) => {
      const line = entries[0]?.trim()
      if (line === undefined) return
      const joined = open === null ? line : joinLines(open, line)
      if (open !== null && joined !== null && entries[1] === open) entries.splice(0, 2, joined)
      const all = joined ?? line
      open = all.endsWith(';') || (open === null && all.startsWith('.')) ? null : all
      if (open !== null) entries[0] = open
      else if (entries[0] === entries[1]) entries.shift()
    },
    reset: () => void (open = null),
  }
}

/** Two lines of one query as one line; null where that could change it: a comment or a text goes on. */
function joinLines(before: string, line: string): string | null {
  if (before.includes('--') || isOpen(before) || isOpen(line)) return null
  return `${before} ${line}`
}

/** A quote that is not closed. */
const isOpen = (text: string): boolean =>
  ["'", '"'].some((quote) => text.split(quote).length % 2 === 0)
