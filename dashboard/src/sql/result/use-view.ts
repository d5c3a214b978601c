import { useSignal } from '@preact/signals'
import type { RefObject } from 'preact'
import { useLayoutEffect, useRef } from 'preact/hooks'

/** As in result.css. */
export const ROW_PX = 24
export const HEAD_PX = 42
/** Rows beyond those in view, so that a wheel's turn shows no blank. */
const ROWS_BEYOND = 10
/** Until it is measured. */
const CHAR_PX = 7.3

/** What is seen of the grid: rows from `first` up to `next`, and from where in px. */
export type View = {
  readonly first: number
  readonly next: number
  readonly left: number
  readonly width: number
  readonly height: number
}

const NOTHING: View = { first: 0, next: 40, left: 0, width: 1000, height: 400 }

export type Viewed = {
  readonly box: RefObject<HTMLDivElement | null>
  /** Fifty digits, to know how wide one is. */
  readonly probe: RefObject<HTMLSpanElement | null>
  readonly view: View
  readonly charPx: number
}

/** Follows what is scrolled into view, and the size of box and digits. */
export function useView(): Viewed {
  const box = useRef<HTMLDivElement>(null)
  const probe = useRef<HTMLSpanElement>(null)
  const view = useSignal(NOTHING)
  const charPx = useSignal(CHAR_PX)
  useLayoutEffect(() => {
    const { current } = box
    if (current === null) return undefined
    const look = () => {
      const next = viewOf(current)
      if (JSON.stringify(next) !== JSON.stringify(view.peek())) view.value = next
    }
    const measure = () => {
      const digits = probe.current?.getBoundingClientRect().width ?? 0
      if (digits > 0) charPx.value = digits / (probe.current?.textContent.length ?? 1)
      look()
    }
    measure()
    const observer = new ResizeObserver(measure)
    observer.observe(current)
    current.addEventListener('scroll', look, { passive: true })
    return () => {
      observer.disconnect()
      current.removeEventListener('scroll', look)
    }
  }, [view, charPx])
  return { box, probe, view: view.value, charPx: charPx.value }
}

/** Rows in steps, so that not every pixel of a scroll draws anew. */
const STEP = 4

function viewOf(box: HTMLElement): View {
  const top = Math.floor(box.scrollTop / ROW_PX / STEP) * STEP
  return {
    first: Math.max(0, top - ROWS_BEYOND),
    next: top + Math.ceil(box.clientHeight / ROW_PX) + STEP + ROWS_BEYOND,
    left: Math.floor(box.scrollLeft / 40) * 40,
    width: box.clientWidth + 40,
    height: box.clientHeight,
  }
}
