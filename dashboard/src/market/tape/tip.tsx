import { createContext } from 'preact'
import { useContext, useEffect, useLayoutEffect, useMemo, useRef } from 'preact/hooks'
import { useSignal } from '@preact/signals'

export const TIP_ID = 'tape-tip'
/** The pointer may go from the chip onto the tip in that time. */
const LEAVE_MS = 200
const EDGE_PX = 8
const BELOW_PX = 4

type Shown = { readonly at: DOMRect; readonly text: string }
export type Tip = {
  show(chip: HTMLElement, text: string): void
  hide(): void
  hideSoon(): void
  /** The pointer is on the tip. */
  stay(): void
}

const NO_TIP: Tip = { show: () => {}, hide: () => {}, hideSoon: () => {}, stay: () => {} }
const Current = createContext<Tip>(NO_TIP)
export const useTip = (): Tip => useContext(Current)

/** One tooltip for all chips within: stays while the pointer is on it, Escape hides it. */
export function TipHolder({ children }: { children: preact.ComponentChildren }) {
  const shown = useSignal<Shown | null>(null)
  const leaving = useRef<ReturnType<typeof setTimeout>>(undefined)
  const tip = useMemo((): Tip => {
    const stay = () => clearTimeout(leaving.current)
    const hide = () => {
      stay()
      shown.value = null
    }
    return {
      show: (chip, text) => {
        stay()
        shown.value = { at: chip.getBoundingClientRect(), text }
      },
      hide,
      hideSoon: () => {
        stay()
        leaving.current = setTimeout(hide, LEAVE_MS)
      },
      stay,
    }
  }, [shown])
  useEffect(() => {
    const escape = (event: KeyboardEvent) => {
      if (event.key === 'Escape') tip.hide()
    }
    addEventListener('keydown', escape)
    return () => {
      removeEventListener('keydown', escape)
      clearTimeout(leaving.current)
    }
  }, [tip])
  return (
    <Current.Provider value={tip}>
      {children}
      <Bubble shown={shown.value} tip={tip} />
    </Current.Provider>
  )
}

function Bubble({ shown, tip }: { shown: Shown | null; tip: Tip }) {
  const box = useRef<HTMLDivElement>(null)
  useLayoutEffect(() => {
    const { current } = box
    if (current === null || shown === null) return
    // Where it was last may be too near the edge for its new text.
    current.style.left = '0'
    const { width, height } = current.getBoundingClientRect()
    const { at } = shown
    const below = at.bottom + BELOW_PX
    const top = below + height + EDGE_PX > innerHeight ? at.top - BELOW_PX - height : below
    const left = Math.max(EDGE_PX, Math.min(at.left, innerWidth - width - EDGE_PX))
    current.style.top = `${top}px`
    current.style.left = `${left}px`
  }, [shown])
  return (
    <div
      ref={box}
      id={TIP_ID}
      role="tooltip"
      class="tape-tip"
      hidden={shown === null}
      onMouseEnter={tip.stay}
      onMouseLeave={tip.hideSoon}
    >
      {shown?.text}
    </div>
  )
}
