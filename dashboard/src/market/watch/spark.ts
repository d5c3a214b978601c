/** Points of an SVG polyline, oldest at the left, that fills `width` × `height` but for half a unit at the edges. */
export function sparkPoints(closes: readonly number[], width: number, height: number): string {
  const low = Math.min(...closes)
  const span = Math.max(...closes) - low
  const step = closes.length < 2 ? 0 : (width - 1) / (closes.length - 1)
  const y = (close: number) =>
    span === 0 ? height / 2 : (1 - (close - low) / span) * (height - 1) + 0.5
  return closes.map((close, i) => `${round(0.5 + i * step)},${round(y(close))}`).join(' ')
}

/** From the first of the closes to the last, in percent; null: too few to say. */
export function sparkChange(closes: readonly number[]): number | null {
  const [first] = closes
  const last = closes.at(-1)
  if (first === undefined || last === undefined || closes.length < 2 || first === 0) return null
  return ((last - first) / first) * 100
}

const round = (x: number): number => Math.round(x * 10) / 10
