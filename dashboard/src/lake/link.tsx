import type { ComponentChildren, JSX } from 'preact'
import { go, isPlainClick, linkTo } from '../route.ts'
import { changesTo, paramsOf, type LakePlace } from './place.ts'

/** Goes there, and once it is shown the keyboard goes on at its head. */
export function visitPlace(to: LakePlace): void {
  go('lake', changesTo(to))
  requestAnimationFrame(() => {
    const head = document.querySelector<HTMLElement>('[data-lake-head]')
    head?.focus({ preventScroll: false })
  })
}

export function LakeLink({
  to,
  children,
  ...rest
}: {
  to: LakePlace
  children: ComponentChildren
  class?: string
  'aria-current'?: 'true' | undefined
}): JSX.Element {
  const follow = (event: MouseEvent) => {
    if (!isPlainClick(event)) return
    event.preventDefault()
    event.stopPropagation() // a row that is clicked leads to the same place
    visitPlace(to)
  }
  return (
    <a {...rest} href={linkTo('lake', paramsOf(to))} onClick={follow}>
      {children}
    </a>
  )
}

/** To the SQL page, which runs it. */
export function QueryLink({ sql, of }: { sql: string; of: string }): JSX.Element {
  const params = { q: sql, run: '1' }
  const follow = (event: MouseEvent) => {
    event.stopPropagation()
    if (!isPlainClick(event)) return
    event.preventDefault()
    go('sql', params)
  }
  return (
    <a class="lake-query" href={linkTo('sql', params)} onClick={follow} title={sql}>
      Query <span class="hidden-text">{of}</span>
    </a>
  )
}
