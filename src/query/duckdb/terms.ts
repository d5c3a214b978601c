/** A node of DuckDB's plan or of an expression in it, as JSON. */
export type Node = { readonly [key: string]: unknown }
export const isNode = (value: unknown): value is Node =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
export const nodesOf = (value: unknown): readonly Node[] =>
  Array.isArray(value) ? value.filter(isNode) : []

/** One reading of a table somewhere in the plan. */
export type Scan = { readonly table: string }
/**
 * What a column or an expression says of a scan's rows: their symbol, or a time or a date, a multiple of `step`
 * µs, from which theirs is known: the row's time minus this value lies in [low, high) µs.
 */
export type Term =
  | { readonly kind: 'symbol'; readonly scan: Scan }
  | ({ readonly kind: 'time'; readonly scan: Scan } & Lag)
export type Lag = { readonly low: number; readonly high: number; readonly step: number }
export type Columns = readonly (Term | null)[]
const INSTANT = 1 // µs: what a half-open stretch needs to hold one moment
const DAY = 86_400_000_000

/** What date_trunc cuts off at most, and what its values are multiples of, µs. */
const UNITS: Readonly<Record<string, { readonly width: number; readonly step: number }>> = {
  second: { width: 1_000_000, step: 1_000_000 },
  minute: { width: 60_000_000, step: 60_000_000 },
  hour: { width: 3_600_000_000, step: 3_600_000_000 },
  day: { width: DAY, step: DAY },
  week: { width: 7 * DAY, step: DAY },
  month: { width: 31 * DAY, step: DAY },
  quarter: { width: 92 * DAY, step: DAY },
  year: { width: 366 * DAY, step: DAY },
}

/** The plain column of a scan. */
export const symbolTerm = (scan: Scan): Term => ({ kind: 'symbol', scan })
export const timeTerm = (scan: Scan): Term => ({
  kind: 'time',
  scan,
  low: 0,
  high: INSTANT,
  step: INSTANT,
})

/** What an expression over `columns` says of a scan's rows; null: nothing that is recognised. */
export function termOf(expression: Node, columns: Columns): Term | null {
  switch (expression['expression_class']) {
    case 'BOUND_REF': {
      const { index } = expression
      return typeof index === 'number' ? (columns[index] ?? null) : null
    }
    case 'BOUND_CAST':
      return castOf(expression, columns)
    case 'BOUND_CASE':
      return caseOf(expression, columns)
    case 'BOUND_FUNCTION':
      return functionOf(expression, columns)
    default:
      return null
  }
}

// Times have no zone and the session's is UTC, so these differ by what a date cuts off alone.
function castOf({ child, return_type: type }: Node, columns: Columns): Term | null {
  const term = isNode(child) ? termOf(child, columns) : null
  if (term?.kind !== 'time' || !isNode(type)) return null
  if (type['id'] === 'DATE') return cut(term, DAY, DAY)
  return type['id'] === 'TIMESTAMP' || type['id'] === 'TIMESTAMP WITH TIME ZONE' ? term : null
}

const cut = <T extends Lag>(term: T, width: number, step: number): T => ({
  ...term,
  high: term.high + width - INSTANT,
  step,
})

/** Any of its results: they must all speak of the same scan. */
function caseOf({ case_checks: checks, else_expr: last }: Node, columns: Columns): Term | null {
  const results = [...nodesOf(checks).map((check) => check['then_expr']), last]
  const terms = results.map((result) => (isNode(result) ? termOf(result, columns) : null))
  return terms.reduce((a, b) => {
    if (a?.kind !== 'time' || b?.kind !== 'time' || a.scan !== b.scan) return null
    const step = a.step === b.step ? a.step : INSTANT
    return { ...a, low: Math.min(a.low, b.low), high: Math.max(a.high, b.high), step }
  })
}

function functionOf({ name, children }: Node, columns: Columns): Term | null {
  const [first, second, origin, ...more] = nodesOf(children)
  if (first === undefined || second === undefined || more.length > 0) return null
  if (name === '-' || name === '+') {
    const [term, by] = [termOf(first, columns), spanOf(second)]
    if (term?.kind !== 'time' || by === null || origin !== undefined) return null
    const shift = name === '-' ? by : -by
    const step = shift % term.step === 0 ? term.step : INSTANT
    return { ...term, low: term.low + shift, high: term.high + shift, step }
  }
  const term = termOf(second, columns)
  if (term?.kind !== 'time') return null
  const unit = name === 'date_trunc' ? UNITS[textOf(first)] : undefined
  if (unit !== undefined) return cut(term, unit.width, unit.step)
  const width = name === 'time_bucket' ? spanOf(first) : null
  if (width === null || width <= 0) return null
  return cut(term, width, isEpoch(origin) ? width : INSTANT)
}

const textOf = ({ value }: Node): string => (isNode(value) ? String(value['value']) : '')

const isEpoch = (origin: Node | undefined): boolean =>
  isNode(origin?.['value']) && constantOf(origin['value']) === 0

/** A constant INTERVAL without months, or a whole number of days, in µs. */
function spanOf({ expression_class: kind, value: constant }: Node): number | null {
  if (kind !== 'BOUND_CONSTANT' || !isNode(constant) || constant['is_null'] !== false) return null
  const { value, type } = constant
  const id = isNode(type) ? type['id'] : undefined
  if (id === 'INTEGER' && typeof value === 'number') return value * DAY
  if (id !== 'INTERVAL' || !isNode(value)) return null
  const { months, days, micros } = value
  if (months !== 0 || typeof days !== 'number' || typeof micros !== 'number') return null
  return days * DAY + micros
}

/** Text, or µs since 1970 UTC; null: neither, or past what a double holds exactly. */
export function constantOf({ type, is_null: isNull, value }: Node): string | number | null {
  const id = isNode(type) ? type['id'] : undefined
  if (isNull !== false) return null
  if (id === 'VARCHAR') return typeof value === 'string' ? value : null
  if (typeof value !== 'number') return null
  const micros = id === 'DATE' ? value * DAY : value
  const isTime = id === 'DATE' || id === 'TIMESTAMP' || id === 'TIMESTAMP WITH TIME ZONE'
  return isTime && Number.isSafeInteger(micros) ? micros : null
}
