const STOP = '[data-stop]'

/**
 * Arrow keys among the chips and links of a table's rows, of which one alone is reached by Tab. True where the key
 * moved the focus.
 */
export function moveStop(body: HTMLElement, key: string): boolean {
  const at = document.activeElement
  if (!(at instanceof HTMLElement) || !body.contains(at)) return false
  const next = stopAfter(body, at, key)
  if (next === null) return false
  next.focus()
  return true
}

/** Lets Tab reach the stop that has the focus, or the first. */
export function placeStop(body: HTMLElement): void {
  const stops = [...body.querySelectorAll<HTMLElement>(STOP)]
  const reached = stops.find((stop) => stop === document.activeElement) ?? stops[0]
  for (const stop of stops) {
    const index = stop === reached ? 0 : -1
    if (stop.tabIndex !== index) stop.tabIndex = index
  }
}

function stopAfter(body: HTMLElement, at: HTMLElement, key: string): HTMLElement | null {
  const stops = [...body.querySelectorAll<HTMLElement>(STOP)]
  const index = stops.indexOf(at)
  const row = at.closest('tr')
  const inRow = (stop: HTMLElement) => stop.closest('tr')
  switch (key) {
    case 'ArrowRight':
      return stops[index + 1] ?? null
    case 'ArrowLeft':
      return stops[index - 1] ?? null
    case 'ArrowDown':
      return stops.find((stop, i) => i > index && inRow(stop) !== row) ?? null
    case 'ArrowUp': {
      const above = stops.findLast((stop, i) => i < index && inRow(stop) !== row)
      return stops.find((stop) => above !== undefined && inRow(stop) === inRow(above)) ?? null
    }
    default:
      return null
  }
}
