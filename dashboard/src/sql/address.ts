/** Longer addresses are refused on the way; the draft in this browser has a longer text. */
const CHARS_MAX = 8000

/** The text as parameters of the address; `runs`: whoever opens it runs it. */
export function addressed(
  text: string,
  runs: boolean,
): Readonly<Record<'q' | 'run', string | null>> {
  const isShort = encodeURIComponent(text).length <= CHARS_MAX
  if (!isShort || text.trim() === '') return { q: null, run: null }
  return { q: text, run: runs ? '1' : null }
}

/** A text that was typed, and the address's own that it was made of; null: nothing was. */
export type Draft = { readonly base: string | null; readonly text: string } | null

/** What is kept may be anything. */
export function draftOf(kept: unknown): Draft {
  if (typeof kept !== 'object' || kept === null || !('base' in kept) || !('text' in kept))
    return null
  const { base, text } = kept
  if (typeof text !== 'string' || (typeof base !== 'string' && base !== null)) return null
  return { base, text }
}
