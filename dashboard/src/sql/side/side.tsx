import { signal, type ReadonlySignal } from '@preact/signals'
import type { FunctionComponent, JSX } from 'preact'
import { keep, kept } from '../../kept.ts'
import { ExampleList } from './example-list.tsx'
import { PastList } from './past-list.tsx'
import { SavedList } from './saved-list.tsx'
import { SchemaList } from './schema-list.tsx'

export const TABS = ['Schema', 'Examples', 'Saved', 'History'] as const
export type Tab = (typeof TABS)[number]

/** Where it stands beside the editor; on a smaller window it is above it, and shut until asked for. */
const WIDE = matchMedia('(min-width: 900px)')
const shown = signal<{ readonly tab: Tab; readonly isOpen: boolean }>({
  tab: kept('sql.side', TABS) ?? 'Examples',
  isOpen: WIDE.matches && kept('sql.side-open', ['no']) === null,
})
export const side: ReadonlySignal<{ readonly tab: Tab; readonly isOpen: boolean }> = shown

export function openSide(tab: Tab): void {
  shown.value = { tab, isOpen: true }
  keep('sql.side', tab)
}

export function toggleSide(): void {
  const isOpen = !shown.peek().isOpen
  shown.value = { ...shown.peek(), isOpen }
  if (WIDE.matches) keep('sql.side-open', isOpen ? 'yes' : 'no')
}

/** After something was taken from it: on a small window the editor is what one wants to see then. */
export function leaveSide(): void {
  if (!WIDE.matches) shown.value = { ...shown.peek(), isOpen: false }
}

type ListProps = { readonly saving: number; readonly taken: () => void }

const idOf = (tab: Tab): string => `sql-tab-${tab.toLowerCase()}`

/** `saving`: each further number asks for a name to save under. */
export function Side({ saving }: { saving: number }): JSX.Element {
  const { tab, isOpen } = side.value
  const move = (event: KeyboardEvent) => {
    const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key]
    if (by === undefined) return
    const next = TABS[(TABS.indexOf(tab) + by + TABS.length) % TABS.length] ?? tab
    openSide(next)
    document.querySelector<HTMLElement>(`#${idOf(next)}`)?.focus()
    event.preventDefault()
  }
  return (
    <aside class="panel sql-side" id="sql-side" aria-label="What can be asked" hidden={!isOpen}>
      <div class="panel-head">
        <div class="tabs" role="tablist" aria-label="What can be asked" onKeyDown={move}>
          {TABS.map((name) => (
            <button
              key={name}
              type="button"
              role="tab"
              id={idOf(name)}
              aria-selected={name === tab}
              aria-controls="sql-tab-body"
              tabIndex={name === tab ? 0 : -1}
              onClick={() => openSide(name)}
            >
              {name}
            </button>
          ))}
        </div>
      </div>
      <div
        class="scroll sql-side-body"
        role="tabpanel"
        id="sql-tab-body"
        aria-labelledby={idOf(tab)}
        tabIndex={0}
      >
        {isOpen && <Body tab={tab} saving={saving} />}
      </div>
    </aside>
  )
}

const BODIES: Readonly<Record<Tab, FunctionComponent<ListProps>>> = {
  Schema: SchemaList,
  Examples: ExampleList,
  Saved: SavedList,
  History: PastList,
}

function Body({ tab, saving }: { tab: Tab; saving: number }): JSX.Element {
  const List = BODIES[tab]
  return <List saving={saving} taken={leaveSide} />
}
