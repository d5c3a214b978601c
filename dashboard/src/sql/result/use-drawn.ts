import { useSignal } from '@preact/signals'
import type { RefObject } from 'preact'
import { useLayoutEffect, useRef } from 'preact/hooks'
import { shownTheme } from '../../theme.ts'

/** Draws into the host, and gives what takes the drawing away. */
export type Draw = (host: HTMLElement) => Promise<() => void>

/** A host that is drawn into, and anew where `draw` or the theme changes; whether that failed. */
export function useDrawn(draw: Draw): {
  readonly host: RefObject<HTMLDivElement | null>
  readonly isBroken: boolean
} {
  const host = useRef<HTMLDivElement>(null)
  const isBroken = useSignal(false)
  const theme = shownTheme.value
  useLayoutEffect(() => {
    if (host.current === null) return undefined
    let isLeft = false
    let remove: (() => void) | null = null
    isBroken.value = false
    draw(host.current).then(
      (undo) => {
        if (isLeft) undo()
        else remove = undo
      },
      () => (isBroken.value = !isLeft),
    )
    return () => {
      isLeft = true
      remove?.()
    }
  }, [draw, theme, isBroken])
  return { host, isBroken: isBroken.value }
}
