import type { ComponentChildren } from 'preact'
import { go, isPlainClick, linkTo } from '../../route.ts'

type Props = {
  readonly sql: string
  /** Among the rows, where arrow keys lead from one to the next. */
  readonly isStop: boolean
  readonly children: ComponentChildren
}

/** Leads to the SQL page, where the statement runs. */
export function QueryLink({ sql, isStop, children }: Props) {
  const params = { q: sql, run: '1' }
  const follow = (event: MouseEvent) => {
    if (!isPlainClick(event)) return
    event.preventDefault()
    go('sql', params)
  }
  return (
    <a
      href={linkTo('sql', params)}
      onClick={follow}
      data-stop={isStop ? '' : undefined}
      tabindex={isStop ? -1 : undefined}
    >
      {children}
    </a>
  )
}
