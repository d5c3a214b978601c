import { effect, signal, type ReadonlySignal } from '@preact/signals'
import {
  addressOf,
  placeAfter,
  placeOf,
  type Changes,
  type PageName,
  type Place,
} from './address.ts'

export { linkTo, PAGES, type PageName } from './address.ts'

const here = (): Place => placeOf(location.pathname, location.search)
const current = signal(here())

/** Where the page is. Its parameters are not to be changed but by `go`. */
export const route: ReadonlySignal<Place> = current

addEventListener('popstate', () => {
  current.value = here()
})

/**
 * Changes the address; parameters of null go away, those not named stay when the page stays. `replace`: no new entry
 * in the history.
 */
export function go(page: PageName, params: Changes = {}, options?: { replace?: boolean }): void {
  const next = placeAfter(current.value, page, params)
  const address = addressOf(next)
  if (address === addressOf(current.value)) return
  if (options?.replace === true) history.replaceState(null, '', address)
  else history.pushState(null, '', address)
  current.value = next
}

const left = signal<Readonly<Partial<Record<PageName, Place>>>>({})
effect(() => {
  left.value = { ...left.peek(), [current.value.page]: current.value }
})

/** The address of a page as it was when it was left. */
export const addressOfPage = (page: PageName): string =>
  addressOf(left.value[page] ?? { page, params: new URLSearchParams() })

/** Goes to a page as it was when it was left. */
export function visit(page: PageName): void {
  const place = left.peek()[page]
  go(page, place === undefined ? {} : Object.fromEntries(place.params))
}

/** Whether a click on a link is to be followed here, and not by the browser in another tab or window. */
export const isPlainClick = (event: MouseEvent): boolean =>
  event.button === 0 &&
  !event.defaultPrevented &&
  !(event.metaKey || event.ctrlKey || event.shiftKey || event.altKey)
