import type { Table } from '../../market/tables.ts'
import { both, either, leftBy, leftByValue, type Left } from './conditions.ts'
import { EVERYTHING, intersect, NOTHING, unite, type Stretch } from './stretch.ts'
import {
  isNode,
  nodesOf,
  symbolTerm,
  termOf,
  timeTerm,
  type Columns,
  type Node,
  type Scan,
  type Term,
} from './terms.ts'

/**
 * For each table the rows that a plan may need, at least: where it is read several times, all that any of them
 * needs. `plans` is what json_serialize_plan gives. A condition counts only where each row that fails it is
 * without effect on the answer: in the scan itself, or in a filter with nothing but projections, filters and
 * joins that keep the scan's rows apart between them.
 */
export function stretchesOf(
  plans: readonly Node[],
  tables: readonly Table[],
): ReadonlyMap<string, Needed> {
  const reading: Reading = { tables, scans: new Map() }
  for (const plan of plans) columnsOf(plan, reading)
  return new Map(
    tables.map(({ name }) => {
      const own = [...reading.scans].filter(([scan]) => scan.table === name)
      const stretch = own.map(([, needed]) => needed).reduce(unite, NOTHING)
      return [name, { scans: own.length, stretch }]
    }),
  )
}

export type Needed = {
  /** How often the table is read. */
  readonly scans: number
  readonly stretch: Stretch
}

type Reading = { readonly tables: readonly Table[]; readonly scans: Map<Scan, Stretch> }

/** What the columns that a node gives say of the scans below it, whose conditions are gathered on the way. */
function columnsOf(node: Node, reading: Reading): Columns {
  if (node['type'] === 'LOGICAL_GET') return scanned(node, reading)
  const children = nodesOf(node['children']).map((child) => columnsOf(child, reading))
  const [left = [], right = []] = children
  switch (node['type']) {
    case 'LOGICAL_PROJECTION':
      return nodesOf(node['expressions']).map((expression) => termOf(expression, left))
    case 'LOGICAL_FILTER':
      for (const condition of nodesOf(node['expressions'])) narrow(reading, leftBy(condition, left))
      return isMapped(node) ? [] : left
    case 'LOGICAL_COMPARISON_JOIN':
      return isMapped(node) ? [] : joined(node['join_type'], left, right)
    case 'LOGICAL_CROSS_PRODUCT':
      return [...left, ...right]
    default:
      return []
  }
}

/** A node that gives only some of its columns: which, is not asked. */
const isMapped = (node: Node): boolean =>
  ['projection_map', 'left_projection_map', 'right_projection_map'].some((name) => {
    const map = node[name]
    return Array.isArray(map) && map.length > 0
  })

/** A row of the right side of an outer join is not without effect: it decides what its partner is joined to. */
function joined(type: unknown, left: Columns, right: Columns): Columns {
  if (type === 'INNER') return [...left, ...right]
  return type === 'LEFT' ? [...left, ...right.map(() => null)] : []
}

const narrow = ({ scans }: Reading, left: Left): void => {
  for (const [scan, stretch] of left)
    scans.set(scan, intersect(scans.get(scan) ?? EVERYTHING, stretch))
}

function scanned(node: Node, reading: Reading): Columns {
  const { function_data: from, names } = node
  const table = reading.tables.find(({ name }) => isNode(from) && from['table'] === name)
  if (table === undefined || !Array.isArray(names)) return []
  const scan: Scan = { table: table.name }
  reading.scans.set(scan, EVERYTHING)
  const term = (index: unknown): Term | null => {
    const name: unknown = typeof index === 'number' ? names[index] : undefined
    if (name === table.dayOf) return timeTerm(scan)
    return name === 'symbol' ? symbolTerm(scan) : null
  }
  const { filters } = isNode(node['table_filters']) ? node['table_filters'] : { filters: [] }
  for (const { key, value } of nodesOf(filters))
    if (isNode(value)) narrow(reading, leftByFilter(value, term(key)))
  if (Array.isArray(node['projection_ids']) && node['projection_ids'].length > 0) return []
  return nodesOf(node['column_indexes']).map(({ index }) => term(index))
}

/** A condition that DuckDB gave to the scan, on one of its columns. */
function leftByFilter(filter: Node, term: Term | null): Left {
  const children = nodesOf(filter['child_filters'])
  switch (filter['filter_type']) {
    case 'CONSTANT_COMPARISON': {
      const operator = String(filter['comparison_type']).replace(/^COMPARE_/, '')
      return isNode(filter['constant']) ? leftByValue(term, operator, filter['constant']) : NONE
    }
    case 'CONJUNCTION_AND':
      return both(children.map((child) => leftByFilter(child, term)))
    case 'CONJUNCTION_OR':
      return either(children.map((child) => leftByFilter(child, term)))
    case 'IN_FILTER':
      return either(nodesOf(filter['values']).map((value) => leftByValue(term, 'EQUAL', value)))
    case 'OPTIONAL_FILTER':
      return isNode(filter['child_filter']) ? leftByFilter(filter['child_filter'], term) : NONE
    case 'EXPRESSION_FILTER':
      return isNode(filter['expr']) ? leftBy(filter['expr'], [term]) : NONE
    default:
      return NONE
  }
}

const NONE: Left = new Map()
