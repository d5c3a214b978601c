/** A length of time in the two largest units, as in `1 h 12 min`. */
export function showSpan(ms: number): string {
  const seconds = Math.max(0, ms / 1000)
  if (ms < 1000) return `${Math.max(0, Math.round(ms))} ms`
  if (seconds < 10) return `${seconds.toFixed(1)} s`
  if (seconds < 90) return `${Math.round(seconds)} s`
  const minutes = Math.round(seconds / 60)
  if (minutes < 60) return `${minutes} min`
  const hours = Math.floor(minutes / 60)
  if (hours < 48) return `${hours} h ${minutes % 60} min`
  return `${Math.floor(hours / 24)} d ${hours % 24} h`
}

/** A size for a person: three digits and a decimal unit. */
export function showBytes(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB', 'PB']
  let value = bytes
  let unit = 0
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000
    unit += 1
  }
  return `${unit === 0 || value >= 100 ? Math.round(value) : value.toPrecision(3)} ${units[unit]}`
}

/** 1234567 as `1,234,567`, whatever the machine's language. */
export const showCount = (count: number): string => count.toLocaleString('en-US')
