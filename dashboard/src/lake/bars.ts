/** Of the widest, in percent of its place; what is there at all is seen. */
export function barPercent(value: number, most: number): number {
  if (!(value > 0) || !(most > 0)) return 0
  return Math.max(1, Math.min(100, (value / most) * 100))
}

/** A share in words, '12%'; what is there at all is no '0%'. */
export function shareText(value: number, total: number): string {
  if (!(value > 0) || !(total > 0)) return '0%'
  const percent = (value / total) * 100
  if (percent < 1) return '<1%'
  return `${Math.round(percent)}%`
}
