/** Something that the palette finds. */
export type Item = {
  readonly group: 'Pages' | 'Symbols' | 'Actions'
  readonly text: string
  readonly note?: string
  readonly keys?: string
  readonly run: () => void
}

/** Items whose text has every word of the query, the best fit first: words that begin where a word of it does. */
export function found(items: readonly Item[], query: string): readonly Item[] {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean)
  if (words.length === 0) return items
  const scored = items.flatMap((item) => {
    const text = item.text.toLowerCase()
    if (!words.every((word) => text.includes(word))) return []
    const begins = words.filter((word) => ` ${text}`.includes(` ${word}`)).length
    return [{ item, score: begins + (text.startsWith(words[0] ?? '') ? 1 : 0) }]
  })
  return scored.toSorted((a, b) => b.score - a.score).map(({ item }) => item)
}

/** Where the choice stands after a key; it goes round. Null: the key does not move it. */
export function movedTo(at: number, key: string, count: number): number | null {
  if (count === 0) return null
  switch (key) {
    case 'ArrowDown':
      return (at + 1) % count
    case 'ArrowUp':
      return (at - 1 + count) % count
    case 'PageDown':
      return Math.min(count - 1, at + PAGE)
    case 'PageUp':
      return Math.max(0, at - PAGE)
    default:
      return null
  }
}

/** Lines that PageUp and PageDown pass over. */
const PAGE = 8
