/** Rows above and below the visible ones that are in the page too, so that a scroll does not show a hole. */
const OVERSCAN_ROWS = 12
/** Rows in the page at most, however high the box. */
const ROWS_MAX = 500

export type Box = { readonly scrollTop: number; readonly height: number; readonly rowPx: number }

/** Which of `count` rows of one height to put into the page, and the heights that stand for the others. */
export function windowOf(count: number, { scrollTop, height, rowPx }: Box) {
  const visible = Math.min(Math.ceil(height / rowPx) + 1, ROWS_MAX - 2 * OVERSCAN_ROWS)
  const top = Math.min(Math.floor(Math.max(0, scrollTop) / rowPx), Math.max(0, count - visible))
  const first = Math.max(0, top - OVERSCAN_ROWS)
  const next = Math.min(count, top + visible + OVERSCAN_ROWS)
  return { first, next, abovePx: first * rowPx, belowPx: (count - next) * rowPx }
}
