import { useEffect, useMemo, useRef } from 'preact/hooks'
import { useComputed, useSignal, type Signal } from '@preact/signals'
import { keptOrder, ordered, type Sort } from './order.ts'
import type { List } from './follow.ts'

/** Lines change places this often, and not while someone is at them. */
const RESORT_MS = 4000

/** The names in the order of `sort`, which stays while `isBusy` says that someone points at or is in the list. */
export function useOrder(list: List, sort: Signal<Sort>, isBusy: () => boolean): readonly string[] {
  const order = useSignal<readonly string[]>([])
  const busy = useRef(isBusy)
  busy.current = isBusy
  const resort = useMemo(
    () => () => {
      const rows = list.names.peek().flatMap((name) => list.line(name)?.peek() ?? [])
      const next = ordered(rows, sort.peek())
      if (next.join('\0') !== order.peek().join('\0')) order.value = next
    },
    [list, sort, order],
  )
  useEffect(() => {
    const timer = setInterval(() => {
      if (!busy.current()) resort()
    }, RESORT_MS)
    return () => clearInterval(timer)
  }, [resort])
  useEffect(() => sort.subscribe(resort), [sort, resort])
  useEffect(() => list.found.subscribe(resort), [list, resort])
  const shown = useComputed(() => keptOrder(order.value, list.names.value))
  return shown.value
}
