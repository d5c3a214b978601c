import { Fault } from '../../flow/fault.ts'
import type { Table } from '../../market/tables.ts'
import type { IcebergSchema, Metadata, PartitionSpec, SortOrder } from './metadata-document.ts'

// Partition field ids begin here by the specification.
const PARTITION_FIELD_ID_FIRST = 1000
const SCHEMA_ID = 0
const SPEC_ID = 0
const SORT_ORDER_ID = 1 // 0 is the unsorted order by the specification

/** The Iceberg schema of a new table. */
export const schemaOf = (table: Table): IcebergSchema => ({
  type: 'struct',
  'schema-id': SCHEMA_ID,
  fields: table.fields.map(({ id, name, required, type, doc }) => ({
    id,
    name,
    required,
    type,
    doc,
  })),
})

/** Partitioned by day(dayOf). */
export const specOf = (table: Table): PartitionSpec => ({
  'spec-id': SPEC_ID,
  fields: [
    {
      'source-id': dayFieldId(table),
      'field-id': PARTITION_FIELD_ID_FIRST,
      name: `${table.dayOf}_day`,
      transform: 'day',
    },
  ],
})

export const sortOrderOf = (table: Table): SortOrder => ({
  'order-id': SORT_ORDER_ID,
  fields: table.sortedBy.map((name) => ({
    transform: 'identity',
    'source-id': fieldId(table, name),
    direction: 'asc',
    'null-order': 'nulls-first',
  })),
})

export const unsorted: SortOrder = { 'order-id': 0, fields: [] }

export const dayFieldId = (table: Table): number => fieldId(table, table.dayOf)

/** The table's own spec that equals ours in structure, whatever its id and names became; `corrupt` when there is none. */
export function ourSpec(metadata: Metadata, table: Table): PartitionSpec {
  const source = dayFieldId(table)
  const spec = metadata['partition-specs'].find(
    ({ fields }) =>
      fields.length === 1 && fields[0]?.['source-id'] === source && fields[0].transform === 'day',
  )
  if (spec !== undefined) return spec
  throw new Fault(
    'corrupt',
    `table ${table.name} has no partition spec day(${table.dayOf}) any more`,
    {
      remedy: `Another engine removed it. Add it back (ALTER TABLE … ADD PARTITION FIELD day(${table.dayOf})), then start again.`,
    },
  )
}

/** The id of the table's sort order that equals ours; 0 (unsorted) when there is none. */
export function ourSortOrderId(metadata: Metadata, table: Table): number {
  const wanted = shape(sortOrderOf(table))
  return metadata['sort-orders'].find((order) => shape(order) === wanted)?.['order-id'] ?? 0
}

const shape = (order: SortOrder): string =>
  JSON.stringify(
    order.fields.map((field) => [
      field['source-id'],
      field.transform,
      field.direction,
      field['null-order'],
    ]),
  )

export function currentSchema(metadata: Metadata): IcebergSchema {
  const id = metadata['current-schema-id']
  const schema = metadata.schemas.find((one) => one['schema-id'] === id)
  if (schema !== undefined) return schema
  throw new Fault('corrupt', `the table's metadata names schema ${id}, which it does not hold`, {
    remedy: 'The metadata document is damaged: roll the table back to an older one.',
  })
}

// Type promotions of Iceberg v2 that a reader undoes by itself.
const PROMOTIONS: Readonly<Record<string, string>> = { int: 'long', float: 'double' }

/**
 * Throws `corrupt` unless rows of ours can be written under the table's current schema: compared by field
 * id, so renamed, reordered, dropped and added optional columns are fine.
 */
export function checkSchema(metadata: Metadata, table: Table): void {
  const theirs = new Map(currentSchema(metadata).fields.map((field) => [field.id, field]))
  for (const { id, name, type } of table.fields) {
    const found = theirs.get(id)
    theirs.delete(id)
    if (found === undefined || found.type === type || found.type === PROMOTIONS[type]) continue
    throw foreign(table, `column ${name} is ${JSON.stringify(found.type)}, not ${type}`)
  }
  for (const { name, required } of theirs.values())
    if (required)
      throw foreign(table, `column ${name} is required and ticklake has no value for it`)
}

const foreign = (table: Table, what: string): Fault =>
  new Fault('corrupt', `table ${table.name} was changed: ${what}`, {
    remedy: 'Undo the change of the schema in the engine that made it, or name another lake.',
  })

function fieldId(table: Table, name: string): number {
  const field = table.fields.find((one) => one.name === name)
  if (field !== undefined) return field.id
  throw new Fault('bug', `table ${table.name} has no column ${name}`, {
    remedy: 'Report this with the stack.',
  })
}
