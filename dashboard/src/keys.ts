import { signal } from '@preact/signals'
import { useEffect, useRef } from 'preact/hooks'
import { createChords, nameOf, type Press } from './chords.ts'

export type Shortcut = { readonly keys: string; readonly does: string; readonly run: () => void }

/** One entry for each that has shortcuts, the oldest first. */
const holders = signal<readonly (() => readonly Shortcut[])[]>([])

/** Every shortcut in effect, the newest holder's first; of two that are the same only that which runs. */
export function shortcutsNow(): readonly Shortcut[] {
  const all = holders.value.toReversed().flatMap((list) => list())
  return all.filter(({ keys }, i) => all.findIndex((other) => other.keys === keys) === i)
}

/** Has the shortcuts that `list` then gives in effect, until the function that it returns is called. */
export function holdKeys(list: () => readonly Shortcut[]): () => void {
  holders.value = [...holders.peek(), list]
  return () => {
    holders.value = holders.peek().filter((other) => other !== list)
  }
}

/**
 * Shortcuts while a component lives; '?' lists them, Ctrl+K finds them. Keys as 'g m', '1', '/', 'Space',
 * 'Ctrl+Enter'; Ctrl is also Cmd. Not while typing in a field, unless with Ctrl, nor while a dialog is open.
 */
export function useKeys(keys: readonly Shortcut[]): void {
  const latest = useRef(keys)
  latest.current = keys
  useEffect(() => holdKeys(() => latest.current), [])
}

const chords = createChords()

addEventListener('keydown', (event) => {
  if (event.defaultPrevented || event.isComposing) return
  const name = nameOf(pressOf(event))
  if (name === null) return
  const all = document.querySelector('dialog:modal') === null ? shortcutsNow() : []
  const names = all.map(({ keys }) => keys)
  const met = chords.press({ name, atMs: event.timeStamp }, names)
  if (met === null) return
  event.preventDefault()
  if (met !== 'begun') all.find(({ keys }) => keys === met.run)?.run()
})

/** Where people type; a box to tick is none. */
const FIELDS = [
  'input:not([type=checkbox], [type=radio], [type=button])',
  'textarea',
  'select',
  '[contenteditable]:not([contenteditable=false])',
].join()
/** What Space and Enter work by themselves. */
const BUTTONS =
  'button, summary, input, :is([role=button], [role=option], [role=tab], [role=radio])'
const LINKS = `a, ${BUTTONS}`

function pressOf(event: KeyboardEvent): Press {
  const at = event.target instanceof Element ? event.target : null
  const { key, altKey: alt, shiftKey: shift } = event
  const ctrl = event.ctrlKey || event.metaKey
  const is = (selector: string) => at?.matches(selector) ?? false
  const taken = !ctrl && ((key === ' ' && is(BUTTONS)) || (key === 'Enter' && is(LINKS)))
  return { key, ctrl, alt, shift, taken, typing: (at?.closest(FIELDS) ?? null) !== null }
}
