import { EVERYTHING, intersect, ofSymbols, unite, type Stretch } from './stretch.ts'
import {
  constantOf,
  isNode,
  nodesOf,
  termOf,
  type Columns,
  type Lag,
  type Node,
  type Scan,
  type Term,
} from './terms.ts'

/** For each scan what a condition leaves of it; a scan that is not there keeps everything. */
export type Left = ReadonlyMap<Scan, Stretch>

const ANYTHING: Left = new Map()

/** What is left where `condition` is true; what is not recognised leaves everything. */
export function leftBy(condition: Node, columns: Columns): Left {
  const children = nodesOf(condition['children'])
  switch (condition['expression_class']) {
    case 'BOUND_CONJUNCTION': {
      const parts = children.map((child) => leftBy(child, columns))
      return condition['type'] === 'CONJUNCTION_AND' ? both(parts) : either(parts)
    }
    case 'BOUND_COMPARISON':
      return compared(condition, columns)
    case 'BOUND_BETWEEN':
      return between(condition, columns)
    case 'BOUND_OPERATOR': {
      const [subject, ...values] = children
      if (condition['type'] !== 'COMPARE_IN' || subject === undefined) return ANYTHING
      return either(values.map((value) => compare(termOf(subject, columns), 'EQUAL', value)))
    }
    default:
      return ANYTHING
  }
}

export function both(parts: readonly Left[]): Left {
  const left = new Map<Scan, Stretch>()
  for (const part of parts)
    for (const [scan, stretch] of part)
      left.set(scan, intersect(left.get(scan) ?? EVERYTHING, stretch))
  return left
}

export function either(parts: readonly Left[]): Left {
  const [first, ...rest] = parts
  if (first === undefined) return ANYTHING
  return rest.reduce((all, part) => {
    const left = new Map<Scan, Stretch>()
    for (const [scan, stretch] of all) {
      const other = part.get(scan)
      if (other !== undefined) left.set(scan, unite(stretch, other))
    }
    return left
  }, first)
}

const FLIPPED: Readonly<Record<string, string>> = {
  LESSTHAN: 'GREATERTHAN',
  GREATERTHAN: 'LESSTHAN',
  LESSTHANOREQUALTO: 'GREATERTHANOREQUALTO',
  GREATERTHANOREQUALTO: 'LESSTHANOREQUALTO',
  EQUAL: 'EQUAL',
}

function compared({ type, left, right }: Node, columns: Columns): Left {
  if (!isNode(left) || !isNode(right)) return ANYTHING
  const operator = String(type).replace(/^COMPARE_/, '')
  const term = termOf(left, columns)
  if (term !== null) return compare(term, operator, right)
  return compare(termOf(right, columns), FLIPPED[operator] ?? '', left)
}

function between(condition: Node, columns: Columns): Left {
  const { input, lower, upper } = condition
  if (!isNode(input) || !isNode(lower) || !isNode(upper)) return ANYTHING
  const term = termOf(input, columns)
  const orEqual = (side: string) => (condition[side] === false ? '' : 'OREQUALTO')
  return both([
    compare(term, `GREATERTHAN${orEqual('lower_inclusive')}`, lower),
    compare(term, `LESSTHAN${orEqual('upper_inclusive')}`, upper),
  ])
}

/** A constant of an expression as the value of a comparison. */
function compare(term: Term | null, operator: string, constant: Node): Left {
  const { value } = constant
  const isConstant = constant['expression_class'] === 'BOUND_CONSTANT' && isNode(value)
  return isConstant ? leftByValue(term, operator, value) : ANYTHING
}

/** What `term operator value` leaves; `value` as the plan writes a constant. */
export function leftByValue(term: Term | null, operator: string, value: Node): Left {
  const constant = constantOf(value)
  if (term === null || constant === null) return ANYTHING
  if (term.kind === 'symbol')
    return operator === 'EQUAL' && typeof constant === 'string'
      ? new Map([[term.scan, ofSymbols([constant])]])
      : ANYTHING
  if (typeof constant !== 'number') return ANYTHING
  const bounds = boundsOf(term, operator, constant)
  return bounds === null ? ANYTHING : new Map([[term.scan, { ...EVERYTHING, ...bounds }]])
}

function boundsOf(
  { low, high, step }: Lag,
  operator: string,
  value: number,
): Partial<Stretch> | null {
  // The multiples of `step` next to the value, which may be one itself.
  const [below, above] = [Math.floor(value / step) * step, Math.ceil(value / step) * step]
  switch (operator) {
    case 'EQUAL':
      return { from: value + low, to: value + high }
    case 'GREATERTHAN':
      return { from: below + step + low }
    case 'GREATERTHANOREQUALTO':
      return { from: above + low }
    case 'LESSTHAN':
      return { to: above - step + high }
    case 'LESSTHANOREQUALTO':
      return { to: below + high }
    default:
      return null
  }
}
