import { useSignal } from '@preact/signals'
import type { JSX } from 'preact'
import { useLayoutEffect, useRef } from 'preact/hooks'
import { announce } from '../../notice.ts'
import { savedQueries, text } from '../desk.ts'
import {
  cleanName,
  NAME_CHARS_MAX,
  renamed,
  withoutSaved,
  withSaved,
  type Saved,
} from '../shelf.ts'
import { titleOf } from '../statements.ts'
import { Entry } from './entry.tsx'

type Props = { readonly saving: number; readonly taken: () => void }

/** Statements with names, in this browser. */
export function SavedList({ saving, taken }: Props): JSX.Element {
  const list = savedQueries.value.value
  const gone = useSignal<Saved | null>(null)
  const renaming = useSignal<string | null>(null)
  const remove = (saved: Saved) => {
    savedQueries.change((list) => withoutSaved(list, saved.name))
    gone.value = saved
    announce(`${saved.name} deleted`)
  }
  const restore = (saved: Saved) => {
    savedQueries.change((list) => withSaved(list, saved))
    gone.value = null
  }
  return (
    <>
      <SaveForm saving={saving} />
      {gone.value !== null && <Gone saved={gone.value} restore={restore} />}
      {list.length === 0 && (
        <p class="empty">Nothing is saved. What you save stays in this browser.</p>
      )}
      <ul role="list" class="sql-list">
        {list.map((saved) =>
          renaming.value === saved.name ? (
            <Rename key={saved.name} saved={saved} done={() => (renaming.value = null)} />
          ) : (
            <Entry
              key={saved.name}
              title={saved.name}
              about={titleOf(saved.sql)}
              sql={saved.sql}
              taken={taken}
            >
              <button
                type="button"
                class="sql-small"
                aria-label={`Rename ${saved.name}`}
                onClick={() => (renaming.value = saved.name)}
              >
                Rename
              </button>
              <button
                type="button"
                class="sql-small"
                aria-label={`Delete ${saved.name}`}
                onClick={() => remove(saved)}
              >
                Delete
              </button>
            </Entry>
          ),
        )}
      </ul>
    </>
  )
}

function Gone({ saved, restore }: { saved: Saved; restore: (saved: Saved) => void }): JSX.Element {
  return (
    <p class="note sql-gone">
      <span>{saved.name} is deleted.</span>
      <button type="button" class="sql-small" onClick={() => restore(saved)}>
        Undo
      </button>
    </p>
  )
}

function SaveForm({ saving }: { saving: number }): JSX.Element {
  const field = useRef<HTMLInputElement>(null)
  const name = useSignal('')
  const isTaken = savedQueries.value.value.some((saved) => saved.name === cleanName(name.value))
  useLayoutEffect(() => {
    if (saving > 0) field.current?.focus()
  }, [saving])
  const save = (event: Event) => {
    event.preventDefault()
    const clean = cleanName(name.peek())
    if (clean === null || text.peek().trim() === '') {
      announce(clean === null ? 'It needs a name' : 'There is nothing to save')
      return field.current?.focus()
    }
    const isKept = savedQueries.change((list) => withSaved(list, { name: clean, sql: text.peek() }))
    announce(isKept ? `${clean} saved` : 'This browser keeps nothing more: it holds for this visit')
    name.value = ''
  }
  return (
    <form class="sql-save" onSubmit={save}>
      <label class="field">
        <span>Save what is in the editor as</span>
        <input
          ref={field}
          type="text"
          maxLength={NAME_CHARS_MAX}
          value={name.value}
          onInput={({ currentTarget }) => (name.value = currentTarget.value)}
        />
      </label>
      <button type="submit">{isTaken ? 'Replace' : 'Save'}</button>
    </form>
  )
}

function Rename({ saved, done }: { saved: Saved; done: () => void }): JSX.Element {
  const field = useRef<HTMLInputElement>(null)
  const isTaken = useSignal(false)
  useLayoutEffect(() => field.current?.select(), [])
  const rename = (event: Event) => {
    event.preventDefault()
    const to = cleanName(field.current?.value ?? '')
    const list = savedQueries.value.peek()
    isTaken.value = to !== saved.name && list.some(({ name }) => name === to)
    if (isTaken.value || to === null) return
    if (to !== saved.name) savedQueries.change((list) => renamed(list, saved.name, to))
    done()
  }
  return (
    <li>
      <form class="sql-save" onSubmit={rename}>
        <label class="field">
          <span>New name of {saved.name}</span>
          <input
            ref={field}
            type="text"
            maxLength={NAME_CHARS_MAX}
            defaultValue={saved.name}
            aria-invalid={isTaken.value}
            onKeyDown={(event) => {
              if (event.key === 'Escape') done()
            }}
          />
        </label>
        <button type="submit">Rename</button>
        {isTaken.value && (
          <p class="bad small" role="alert">
            Another has that name.
          </p>
        )}
      </form>
    </li>
  )
}
