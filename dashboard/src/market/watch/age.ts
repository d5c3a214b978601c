const SCALES = [
  [86_400, 'd'],
  [3600, 'h'],
  [60, 'm'],
] as const

/** How long ago in one unit, for a narrow column: '0s', '42s', '3m', '2h', '4d'; '–' where there is nothing. */
export function ageText(at: string | null, nowMs: number): string {
  const seconds = at === null ? NaN : Math.max(0, (nowMs - Date.parse(at)) / 1000)
  if (Number.isNaN(seconds)) return '–'
  const [scale, unit] = SCALES.find(([scale]) => seconds >= scale) ?? [1, 's']
  return `${Math.floor(seconds / scale)}${unit}`
}
