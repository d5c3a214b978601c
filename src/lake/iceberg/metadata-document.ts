import * as z from 'zod'
import { Fault } from '../../flow/fault.ts'
import type { Long } from './json.ts'
import { parseJson } from './json.ts'

/*
 * The table metadata document of the Iceberg v2 specification ("Table Metadata Fields"): the fields that we
 * read, under their own names. Every other field is kept as it came and written back.
 */
const long = z.union([z.number(), z.bigint()])

const snapshot = z.looseObject({
  'snapshot-id': long,
  'parent-snapshot-id': long.nullish(),
  'sequence-number': long.optional(),
  'timestamp-ms': z.number(),
  'manifest-list': z.string(),
  summary: z.record(z.string(), z.string()).optional(),
  'schema-id': z.number().nullish(),
})

const schema = z.looseObject({
  type: z.literal('struct'),
  'schema-id': z.number(),
  fields: z.array(
    z.looseObject({
      id: z.number(),
      name: z.string(),
      required: z.boolean(),
      type: z.unknown(),
      doc: z.string().optional(),
    }),
  ),
})

const partitionSpec = z.looseObject({
  'spec-id': z.number(),
  fields: z.array(
    z.looseObject({
      'source-id': z.number(),
      'field-id': z.number(),
      name: z.string(),
      transform: z.string(),
    }),
  ),
})

const sortOrder = z.looseObject({
  'order-id': z.number(),
  fields: z.array(
    z.looseObject({
      'source-id': z.number(),
      transform: z.string(),
      direction: z.string(),
      'null-order': z.string(),
    }),
  ),
})

const ref = z.looseObject({ 'snapshot-id': long, type: z.string() })
const statistics = z.looseObject({ 'snapshot-id': long })

const metadata = z.looseObject({
  'format-version': z.number(),
  'table-uuid': z.string(),
  location: z.string(),
  'last-sequence-number': long.default(0),
  'last-updated-ms': z.number(),
  'last-column-id': z.number(),
  schemas: z.array(schema),
  'current-schema-id': z.number(),
  'partition-specs': z.array(partitionSpec),
  'default-spec-id': z.number(),
  'last-partition-id': z.number().optional(),
  'sort-orders': z.array(sortOrder),
  'default-sort-order-id': z.number(),
  properties: z.record(z.string(), z.string()).default({}),
  'current-snapshot-id': long.nullish(),
  refs: z.record(z.string(), ref).optional(),
  snapshots: z.array(snapshot).default([]),
  'snapshot-log': z
    .array(z.looseObject({ 'snapshot-id': long, 'timestamp-ms': z.number() }))
    .default([]),
  'metadata-log': z
    .array(z.looseObject({ 'metadata-file': z.string(), 'timestamp-ms': z.number() }))
    .default([]),
  statistics: z.array(statistics).optional(),
  'partition-statistics': z.array(statistics).optional(),
})

export type Metadata = z.infer<typeof metadata>
export type Snapshot = z.infer<typeof snapshot>
export type IcebergSchema = z.infer<typeof schema>
export type PartitionSpec = z.infer<typeof partitionSpec>
export type SortOrder = z.infer<typeof sortOrder>

const NO_SNAPSHOT = -1 // what some writers put for "none"

/** A document of format version 1 to 3, with all its fields; `corrupt` when it is not one. */
export function parseMetadata(text: string, location: string): Metadata {
  const parsed = metadata.safeParse(parseJson(text, location))
  if (parsed.success) return parsed.data
  throw new Fault(
    'corrupt',
    `${location} is no Iceberg table metadata: ${z.prettifyError(parsed.error)}`,
    {
      remedy: 'The document is damaged: roll the table back to an older one in its metadata log.',
      cause: parsed.error,
    },
  )
}

/** The id that branch main points at; null: nothing was committed yet. */
export function mainId(document: Metadata): Long | null {
  const id = document.refs?.['main']?.['snapshot-id'] ?? document['current-snapshot-id']
  return id === null || id === undefined || id === NO_SNAPSHOT ? null : id
}

/** The snapshots of main from the newest back, as far as they are still kept. */
export function* ancestors(document: Metadata): Generator<Snapshot> {
  const byId = new Map(document.snapshots.map((one) => [one['snapshot-id'], one]))
  let id: Long | null | undefined = mainId(document)
  while (id !== null && id !== undefined) {
    const found = byId.get(id)
    if (found === undefined) return
    byId.delete(id) // a damaged document whose parents form a ring ends too
    yield found
    id = found['parent-snapshot-id']
  }
}

/** What main points at; `corrupt` when the document does not hold it. */
export function mainSnapshot(document: Metadata): Snapshot | null {
  const id = mainId(document)
  if (id === null) return null
  const [newest] = ancestors(document)
  if (newest !== undefined) return newest
  throw new Fault('corrupt', `the table's metadata names snapshot ${id}, which it does not hold`, {
    remedy: 'The metadata document is damaged: roll the table back to an older one.',
  })
}
