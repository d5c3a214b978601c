/** Half-open: [from, to). */
export type Interval = { readonly from: number; readonly to: number }

/** The common part; its `to` is not after its `from` where there is none. */
export const intersect = (a: Interval, b: Interval): Interval => ({
  from: Math.max(a.from, b.from),
  to: Math.min(a.to, b.to),
})

/** The union as the fewest intervals in order; touching ones become one, empty ones vanish. */
export function merge(intervals: readonly Interval[]): readonly Interval[] {
  const out: Interval[] = []
  const sorted = intervals.filter(({ from, to }) => from < to).toSorted((a, b) => a.from - b.from)
  for (const { from, to } of sorted) {
    const last = out.at(-1)
    if (last === undefined || from > last.to) out.push({ from, to })
    else out[out.length - 1] = { from: last.from, to: Math.max(last.to, to) }
  }
  return out
}

/** What of `span` no interval covers, in order. */
export function complement(intervals: readonly Interval[], span: Interval): readonly Interval[] {
  const out: Interval[] = []
  let { from } = span
  for (const covered of merge(intervals.map((interval) => intersect(interval, span)))) {
    if (covered.from > from) out.push({ from, to: covered.from })
    from = covered.to
  }
  if (from < span.to) out.push({ from, to: span.to })
  return out
}
