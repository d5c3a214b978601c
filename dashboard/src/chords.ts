/** How long after the first key of 'g m' the second is waited for. */
export const CHORD_MS = 1500

/** What a key press is, as far as shortcuts go. */
export type Press = {
  readonly key: string
  readonly ctrl: boolean
  readonly alt: boolean
  readonly shift: boolean
  /** It happened in a field where people type. */
  readonly typing: boolean
  /** It happened on a control that this key works already, as Space a button. */
  readonly taken: boolean
}

/**
 * The name of a press as shortcuts are written: 'g', '?', 'Space', 'Ctrl+Enter'; null: no shortcut has it.
 * While typing only presses with Ctrl have a name.
 */
export function nameOf({ key, ctrl, alt, shift, typing, taken }: Press): string | null {
  if (alt || taken || (typing && !ctrl)) return null
  if (['Control', 'Shift', 'Alt', 'Meta'].includes(key)) return null
  const plain = key === ' ' ? 'Space' : key.length === 1 && ctrl ? key.toLowerCase() : key
  const shifted = shift && key.length > 1 ? `Shift+${plain}` : plain
  return ctrl ? `Ctrl+${shifted}` : shifted
}

/** 'Ctrl+K' and 'ctrl+k' are the same; 'g m' are two presses. */
export const pressesOf = (keys: string): readonly string[] =>
  keys.split(' ').map((press) => {
    const parts = press.split('+')
    const key = parts.pop() ?? ''
    return parts.includes('Ctrl') && key.length === 1
      ? [...parts, key.toLowerCase()].join('+')
      : press
  })

/** Presses that are heard in order: says which of the shortcuts they have come to, if any. */
export type Chords = {
  /** `run`: the shortcut to run; `begun`: a shortcut may follow; null: it means nothing. */
  press(
    press: { readonly name: string; readonly atMs: number },
    shortcuts: readonly string[],
  ): { readonly run: string } | 'begun' | null
}

export function createChords(): Chords {
  let first: { readonly name: string; readonly atMs: number } | null = null
  return {
    press: ({ name, atMs }, shortcuts) => {
      const before = first !== null && atMs - first.atMs <= CHORD_MS ? first.name : null
      first = null
      const is = (wanted: readonly string[]) => (keys: string) =>
        pressesOf(keys).join(' ') === wanted.join(' ')
      const run =
        (before === null ? undefined : shortcuts.find(is([before, name]))) ??
        shortcuts.find(is([name]))
      if (run !== undefined) return { run }
      const begins = (keys: string) => pressesOf(keys).length > 1 && pressesOf(keys)[0] === name
      if (!shortcuts.some(begins)) return null
      first = { name, atMs }
      return 'begun'
    },
  }
}
