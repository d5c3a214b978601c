import type { FunctionComponent, JSX } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import { MarketPage } from '../market/page.tsx'
import type { PageName } from '../route.ts'
import { Boundary, Failed } from './boundary.tsx'
import { TITLES } from './titles.ts'

/** The market is there at once; the others come when they are first asked for. */
const LOADS: Readonly<Record<Exclude<PageName, 'market'>, () => Promise<FunctionComponent>>> = {
  sql: async () => (await import('../sql/page.tsx')).SqlPage,
  lake: async () => (await import('../lake/page.tsx')).LakePage,
}
const loaded = new Map<PageName, FunctionComponent>([['market', MarketPage]])

export function PageView({ page }: { page: PageName }): JSX.Element {
  const [failure, setFailure] = useState<{ page: PageName; error: unknown } | null>(null)
  const [, setCame] = useState<PageName | null>(null)
  const Page = loaded.get(page)
  const wanted = Page === undefined && failure?.page !== page && page !== 'market' ? page : null
  useEffect(() => {
    if (wanted === null) return
    LOADS[wanted]().then(
      (component) => {
        loaded.set(wanted, component)
        setCame(wanted)
      },
      (error: unknown) => setFailure({ page: wanted, error }),
    )
  }, [wanted])
  if (Page !== undefined)
    return (
      <Boundary key={page} name={TITLES[page]}>
        <Page />
      </Boundary>
    )
  if (failure?.page !== page) return <p class="empty">Loading {TITLES[page]}.</p>
  return <Failed name={TITLES[page]} error={failure.error} retry={() => setFailure(null)} />
}
