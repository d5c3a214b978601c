import type { ComponentChildren, JSX } from 'preact'
import { runThis, show } from '../desk.ts'

/** A statement in a list: a click shows it, the button beside it runs it too. */
export function Entry(props: {
  readonly title: string
  readonly about: ComponentChildren
  readonly sql: string
  readonly taken: () => void
  readonly children?: ComponentChildren
}): JSX.Element {
  const { title, about, sql, taken, children } = props
  return (
    <li class="sql-entry">
      <button
        type="button"
        class="quiet sql-entry-text"
        title={sql}
        onClick={() => {
          show(sql)
          taken()
        }}
      >
        <span class="ellipsis">{title}</span>
        <span class="muted small ellipsis">{about}</span>
      </button>
      <button
        type="button"
        class="sql-small"
        aria-label={`Run ${title}`}
        onClick={() => {
          runThis(sql)
          taken()
        }}
      >
        Run
      </button>
      {children}
    </li>
  )
}
