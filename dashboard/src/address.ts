/** The pages, in the order of the navigation. */
export const PAGES = ['market', 'sql', 'lake'] as const
export type PageName = (typeof PAGES)[number]

export type Place = { readonly page: PageName; readonly params: URLSearchParams }

/** Where an address leads; `/` and what is no page lead to the market. */
export function placeOf(pathname: string, search: string): Place {
  const [, first = ''] = pathname.split('/')
  const page = PAGES.find((name) => name === first) ?? 'market'
  return { page, params: new URLSearchParams(search) }
}

export type Changes = Readonly<Record<string, string | null>>

/** Null takes a parameter away; those not named stay while the page stays. */
export function placeAfter(from: Place, page: PageName, changes: Changes): Place {
  const params = new URLSearchParams(page === from.page ? from.params : undefined)
  for (const [name, value] of Object.entries(changes)) {
    if (value === null) params.delete(name)
    else params.set(name, value)
  }
  return { page, params }
}

/** The address of a place, for a link to it. */
export function addressOf({ page, params }: Place): string {
  const search = params.toString()
  return `/${page}${search === '' ? '' : `?${search}`}`
}

/** The address of a page with these parameters and no others. */
export const linkTo = (page: PageName, params: Readonly<Record<string, string>> = {}): string =>
  addressOf({ page, params: new URLSearchParams(params) })
