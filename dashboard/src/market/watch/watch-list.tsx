import { useSignal } from '@preact/signals'
import { useEffect, useRef, useState } from 'preact/hooks'
import { showCount } from '../../format.ts'
import { useKeys } from '../../keys.ts'
import { go, route } from '../../route.ts'
import type { List } from './follow.ts'
import { Head } from './head.tsx'
import { Line } from './line.tsx'
import { MOST_TRADED, type Sort } from './order.ts'
import { useOrder } from './use-order.ts'

/** A search is sent when the typing pauses. */
const TYPING_MS = 150

/** The symbols of the tape, live: pick one by a click, or by arrow keys and Enter. */
export function WatchList({ list, symbol }: { list: List; symbol: string | null }) {
  const sort = useSignal<Sort>(MOST_TRADED)
  const table = useRef<HTMLTableElement>(null)
  const isBusy = () => table.current?.matches(':hover, :focus-within') === true
  const order = useOrder(list, sort, isBusy)
  const [stop, setStop] = useState<string | null>(null)
  const isPinned = symbol !== null && list.found.value === '' && !order.includes(symbol)
  const shown = isPinned && list.line(symbol) !== undefined ? [symbol, ...order] : order
  const reached = [stop, symbol, shown[0]].find(
    (name) => name !== null && name !== undefined && shown.includes(name),
  )
  return (
    <section class="panel watch" aria-labelledby="watch-heading">
      <header class="panel-head">
        <h2 id="watch-heading">Watch list</h2>
        <Search list={list} table={table} />
      </header>
      <div class="scroll watch-box">
        <table ref={table} class="table pickable watch-table" aria-labelledby="watch-heading">
          <Head sort={sort} />
          <tbody onKeyDown={(event) => move(event, table.current)}>
            {shown.map((name) => {
              const line = list.line(name)
              return line === undefined ? null : (
                <Line
                  key={name}
                  line={line}
                  isCurrent={name === symbol}
                  isStop={name === reached}
                  onFocus={() => setStop(name)}
                />
              )
            })}
          </tbody>
        </table>
        <Foot list={list} />
      </div>
    </section>
  )
}

/** Arrow keys, Home and End among the names. */
function move(event: KeyboardEvent, table: HTMLTableElement | null): void {
  const links = [...(table?.querySelectorAll<HTMLElement>('a[data-symbol]') ?? [])]
  const at = links.findIndex((link) => link === document.activeElement)
  const places: Readonly<Record<string, number>> = {
    ArrowDown: at + 1,
    ArrowUp: at - 1,
    Home: 0,
    End: links.length - 1,
  }
  const next = links[places[event.key] ?? -1]
  if (next === undefined || at === -1 || event.ctrlKey || event.altKey || event.metaKey) return
  event.preventDefault()
  next.focus()
}

type SearchProps = { list: List; table: { readonly current: HTMLTableElement | null } }

/** Kept in the address; Escape clears it, arrow down or Enter leads to the first line found. */
function Search({ list, table }: SearchProps) {
  const input = useRef<HTMLInputElement>(null)
  const text = route.value.params.get('search') ?? ''
  const write = (search: string) =>
    go('market', { search: search === '' ? null : search }, { replace: true })
  useEffect(() => {
    const timer = setTimeout(() => list.search(text.trim()), TYPING_MS)
    return () => clearTimeout(timer)
  }, [list, text])
  const search = () => {
    input.current?.focus()
    input.current?.select()
  }
  useKeys([{ keys: '/', does: 'Search a symbol', run: search }])
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.isComposing) return
    const first = table.current?.querySelector<HTMLElement>('a[data-symbol]')
    const isDown = event.key === 'ArrowDown' || event.key === 'Enter'
    if (event.key === 'Escape') write('')
    else if (isDown && list.found.value === text.trim()) first?.focus()
    else return
    event.preventDefault()
  }
  return (
    <input
      ref={input}
      class="watch-search"
      type="search"
      aria-label="Search a symbol"
      aria-keyshortcuts="/"
      placeholder="Search ( / )"
      maxLength={200}
      autocomplete="off"
      spellcheck={false}
      value={text}
      onInput={(event) => write(event.currentTarget.value)}
      onKeyDown={onKeyDown}
    />
  )
}

/** What the lines do not say: that there are more, none, or no answer. */
function Foot({ list }: { list: List }) {
  const fault = list.fault.value
  const total = list.total.value
  const more = (total ?? 0) - list.names.value.length
  if (fault !== null)
    return (
      <p class="note bad watch-foot" role="alert">
        {fault.message}. <span class="remedy">{fault.remedy}</span>
      </p>
    )
  if (total === null) return <p class="watch-foot muted">Reading…</p>
  if (total === 0 && list.found.value !== '')
    return <p class="watch-foot muted">No symbol has “{list.found.value}” in its name.</p>
  return more > 0 ? <p class="watch-foot muted">{showCount(more)} more: search</p> : null
}
