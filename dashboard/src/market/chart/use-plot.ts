import { useSignal, type ReadonlySignal } from '@preact/signals'
import type { RefObject } from 'preact'
import { useLayoutEffect, useRef } from 'preact/hooks'
import { zone } from '../../zone.ts'
import type { Model } from './model.ts'
import { onTheme, readPalette } from './palette.ts'
import type { Seen, View } from './moves.ts'
import { createPlot, type Plot } from './plot.ts'

/** Older bars are asked for when so few are left to the left of the view. */
const PLACES_AHEAD = 60

export type Pointed = {
  readonly slot: number
  readonly at: { readonly x: number; readonly y: number } | null
}
export type Looking = { readonly view: View | null; readonly isFollowing: boolean }

export type Plotted = {
  readonly host: RefObject<HTMLDivElement | null>
  readonly plot: ReadonlySignal<Plot | null>
  readonly looking: ReadonlySignal<Looking>
  readonly pointed: ReadonlySignal<Pointed | null>
}

/** The chart in `host`, made anew where zone, theme or width change, with the view that it had. */
export function usePlot(model: Model | null): Plotted {
  const host = useRef<HTMLDivElement>(null)
  const plot = useSignal<Plot | null>(null)
  const looking = useSignal<Looking>({ view: null, isFollowing: true })
  const pointed = useSignal<Pointed | null>(null)
  const theme = useSignal(0)
  useLayoutEffect(() => onTheme(() => theme.value++), [theme])

  const last = useRef<{ readonly model: Model; readonly seen: Seen | null } | null>(null)
  useLayoutEffect(() => {
    if (host.current === null || model === null) return undefined
    const { source, slots } = model
    const look = (of: Plot | null) => {
      if (of === null) return
      const view = of.view()
      const isFollowing = of.isFollowing()
      looking.value = { view, isFollowing }
      if (view === null || slots.peek().length === 0) return
      if (view.first < PLACES_AHEAD) source.earlier()
      else if (isFollowing) source.trim()
      if (view.last > slots.peek().length - PLACES_AHEAD) source.later()
    }
    let drawn: Plot | null = null
    const made = createPlot(host.current, {
      interval: source.asked.interval,
      zone: zone.value,
      palette: readPalette(host.current),
      pointed: (slot, at) => (pointed.value = slot === null ? null : { slot, at }),
      viewed: () => look(drawn),
      follows: () => source.isLive.peek(),
    })
    drawn = made
    made.show(model.slots.peek(), model.holes.peek())
    const before = last.current
    if (before?.model === model && before.seen !== null) made.look(before.seen)
    plot.value = made
    return () => {
      last.current = { model, seen: made.seen() }
      drawn = null
      plot.value = null
      pointed.value = null
      made.close()
    }
  }, [model, zone.value, theme.value])

  const slots = model?.slots.value
  const holes = model?.holes.value
  useLayoutEffect(() => {
    if (slots !== undefined && holes !== undefined) plot.peek()?.show(slots, holes)
  }, [plot, slots, holes])
  return { host, plot, looking, pointed }
}
