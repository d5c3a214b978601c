import type { ComponentChildren, JSX } from 'preact'
import { addressOfPage, go, isPlainClick, linkTo, visit, type PageName } from '../route.ts'

/** A real link, followed without loading the page again. */
function Link({
  href,
  follow,
  children,
  ...rest
}: {
  href: string
  follow: () => void
  children: ComponentChildren
  class?: string
  'aria-current'?: 'page' | false
  'aria-label'?: string
  title?: string
}): JSX.Element {
  return (
    <a
      {...rest}
      href={href}
      onClick={(event) => {
        if (!isPlainClick(event)) return
        event.preventDefault()
        follow()
      }}
    >
      {children}
    </a>
  )
}

type Rest = { children: ComponentChildren; class?: string; 'aria-label'?: string; title?: string }

/** To a page as it was when it was left. */
export function PageLink({
  page,
  ...rest
}: Rest & { page: PageName; 'aria-current'?: 'page' }): JSX.Element {
  return <Link {...rest} href={addressOfPage(page)} follow={() => visit(page)} />
}

/** To a place within a page; `followed` comes after it was gone to here. */
export function PlaceLink({
  page,
  params,
  followed,
  ...rest
}: Rest & {
  page: PageName
  params: Readonly<Record<string, string>>
  followed?: () => void
}): JSX.Element {
  const follow = () => {
    go(page, params)
    followed?.()
  }
  return <Link {...rest} href={linkTo(page, params)} follow={follow} />
}
