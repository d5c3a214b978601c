import type { JSX } from 'preact'
import { useEffect, useId, useRef, useState } from 'preact/hooks'
import { shortcutsNow, type Shortcut } from '../keys.ts'
import { useShown } from './dialog.tsx'
import { movedTo, type Item } from './found.ts'
import { Keys } from './help.tsx'
import { closed } from './opened.ts'
import { itemsFor } from './palette-items.ts'
import { useSymbols } from './symbols-found.ts'

/** Finds pages, symbols and whatever the page can do, by a part of the name. */
export function Palette(): JSX.Element {
  const [query, setQuery] = useState('')
  const [at, setAt] = useState(0)
  const dialog = useShown()
  const list = useId()
  const symbols = useSymbols(query)
  // What the page could do when the palette was opened.
  const shortcuts = useRef<readonly Shortcut[] | null>(null)
  shortcuts.current ??= shortcutsNow()
  const items = itemsFor(query, symbols, shortcuts.current)
  const chosen = Math.min(at, items.length - 1)
  const run = (item: Item | undefined) => {
    if (item === undefined) return
    dialog.current?.close()
    // After this dialog has given back the focus: what it opens is to have it.
    item.run()
  }
  const onKeyDown = (event: KeyboardEvent) => {
    const isClose = (event.ctrlKey || event.metaKey) && event.key.toLowerCase() === 'k'
    const moved = movedTo(chosen, event.key, items.length)
    if (event.isComposing || (!isClose && moved === null && event.key !== 'Enter')) return
    event.preventDefault()
    if (isClose) dialog.current?.close()
    else if (moved !== null) setAt(moved)
    else run(items[chosen])
  }
  return (
    <dialog
      ref={dialog}
      class="dialog palette"
      aria-label="Find"
      onClose={closed('palette')}
      onClick={(event) => {
        if (event.target === event.currentTarget) event.currentTarget.close()
      }}
    >
      <input
        class="palette-query"
        type="text"
        role="combobox"
        aria-label="Symbol, page or action"
        aria-expanded="true"
        aria-controls={list}
        aria-autocomplete="list"
        {...(chosen >= 0 ? { 'aria-activedescendant': `${list}-${chosen}` } : {})}
        placeholder="Symbol, page or action"
        autocomplete="off"
        spellcheck={false}
        value={query}
        onInput={({ currentTarget }) => {
          setQuery(currentTarget.value)
          setAt(0)
        }}
        onKeyDown={onKeyDown}
      />
      <Found id={list} items={items} chosen={chosen} run={run} />
      {symbols.fault !== null && (
        <p class="palette-note bad">
          No symbols: {symbols.fault.message}. {symbols.fault.remedy}
        </p>
      )}
      <p class="hidden-text" role="status">
        {items.length} found
      </p>
    </dialog>
  )
}

function Found({
  id,
  items,
  chosen,
  run,
}: {
  id: string
  items: readonly Item[]
  chosen: number
  run: (item: Item) => void
}): JSX.Element {
  const choice = useRef<HTMLLIElement>(null)
  useEffect(() => choice.current?.scrollIntoView({ block: 'nearest' }), [chosen, items])
  return (
    <ul class="palette-list" role="listbox" id={id} aria-label="Found">
      {items.map((item, i) => (
        <li
          key={`${item.group} ${item.text}`}
          id={`${id}-${i}`}
          role="option"
          aria-selected={i === chosen}
          ref={i === chosen ? choice : null}
          onClick={() => run(item)}
        >
          <span class="palette-group">{item.group}</span>
          <span class="ellipsis">{item.text}</span>
          <span class="palette-end muted">
            {item.note}
            {item.keys !== undefined && <Keys keys={item.keys} />}
          </span>
        </li>
      ))}
      {items.length === 0 && (
        <li class="palette-note muted" role="option" aria-selected="false" aria-disabled="true">
          Nothing has this name.
        </li>
      )}
    </ul>
  )
}
