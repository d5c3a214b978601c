/** What is not known. */
const NONE = '–'
type Maybe = number | null | undefined

const known = (value: Maybe): value is number =>
  value !== null && value !== undefined && Number.isFinite(value)

const places = (min: number, max: number) =>
  new Intl.NumberFormat('en-US', { minimumFractionDigits: min, maximumFractionDigits: max })
const WHOLE = places(0, 0)
const CENTS = places(2, 4)
const SMALL = places(2, 8)
const AMOUNT = places(0, 4)
const TENTH = places(1, 1)
const HUNDREDTH = places(2, 2)

/** A minus as wide as a plus. */
const signed = (text: string): string => (text.startsWith('-') ? `−${text.slice(1)}` : text)

/** '191.25', '24.1205'; below one up to eight decimals. */
export function showPrice(value: Maybe): string {
  if (!known(value)) return NONE
  return signed((Math.abs(value) < 1 ? SMALL : CENTS).format(value))
}

/** A price with its sign: '+1.25', '−0.40', '0.00'. */
export function showChange(value: Maybe): string {
  if (!known(value)) return NONE
  return value > 0 ? `+${showPrice(value)}` : showPrice(value)
}

/** '1,234,567' */
export const showCount = (value: Maybe): string =>
  known(value) ? signed(WHOLE.format(value)) : NONE

const SCALES = [
  [1e12, 'T'],
  [1e9, 'B'],
  [1e6, 'M'],
  [1e3, 'K'],
] as const

/** '1,250', '0.0125', from a hundred thousand on '123.4K', '1.23M'. */
export function showVolume(value: Maybe): string {
  if (!known(value)) return NONE
  const size = Math.abs(value)
  if (size < 99_999.5) return AMOUNT.format(value)
  const [scale, letter] = SCALES.find(([scale]) => size >= scale * 0.9995) ?? [1, '']
  return three(value / scale) + letter
}

/** Three digits that count. */
function three(value: number): string {
  const size = Math.abs(value)
  if (size >= 99.95) return WHOLE.format(value)
  return (size >= 9.995 ? TENTH : HUNDREDTH).format(value)
}

const BYTES = [
  [1e12, 'TB'],
  [1e9, 'GB'],
  [1e6, 'MB'],
  [1e3, 'kB'],
] as const

/** '512 B', '1.23 MB' */
export function showBytes(value: Maybe): string {
  if (!known(value)) return NONE
  const [scale, unit] = BYTES.find(([scale]) => Math.abs(value) >= scale * 0.9995) ?? [1, 'B']
  return scale === 1 ? `${WHOLE.format(value)} B` : `${three(value / scale)} ${unit}`
}

/** Of seconds: '0.4 ms', '12 ms', '1.2 s', '42 s', '3 min 20 s', '2 h 5 min', '3 d 4 h'. */
export function showSpan(seconds: Maybe): string {
  if (!known(seconds)) return NONE
  if (seconds < 0) return `−${showSpan(-seconds)}`
  if (seconds === 0) return '0 s'
  if (seconds < 0.00995) return `${TENTH.format(seconds * 1000)} ms`
  if (seconds < 0.9995) return `${WHOLE.format(seconds * 1000)} ms`
  if (seconds < 9.95) return `${TENTH.format(seconds)} s`
  return longSpan(Math.round(seconds))
}

function longSpan(whole: number): string {
  if (whole < 60) return `${whole} s`
  if (whole < 3600) return two([Math.floor(whole / 60), 'min'], [whole % 60, 's'])
  const minutes = Math.floor(whole / 60)
  if (minutes < 1440) return two([Math.floor(minutes / 60), 'h'], [minutes % 60, 'min'])
  const hours = Math.floor(minutes / 60)
  return two([Math.floor(hours / 24), 'd'], [hours % 24, 'h'])
}

type Part = readonly [number, string]
const two = ([count, unit]: Part, [rest, small]: Part): string =>
  rest === 0 ? `${count} ${unit}` : `${count} ${unit} ${rest} ${small}`

/** How long ago, in whole seconds at least: '0 s', '42 s', '3 min 20 s'. */
export const showAge = (seconds: Maybe): string =>
  known(seconds) ? longSpan(Math.max(0, Math.round(seconds))) : NONE

/** Of a percentage, not a share: '1.23%', '−0.40%'. */
export const showPercent = (percent: Maybe): string =>
  known(percent) ? `${signed(HUNDREDTH.format(percent))}%` : NONE

/** A percentage with its sign: '+1.23%'. */
export const showPercentChange = (percent: Maybe): string =>
  known(percent) && percent > 0 ? `+${showPercent(percent)}` : showPercent(percent)
