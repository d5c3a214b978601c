import { deflateRawSync, inflateRawSync } from 'node:zlib'
import avsc from 'avsc'
import { Fault } from '../../flow/fault.ts'
import { toLong, type Long } from './json.ts'

/*
 * An Avro object container file (Avro 1.11 specification, "Object Container Files"):
 *   header = "Obj" 0x01, map of metadata { avro.schema, avro.codec, … }, sync (16 bytes)
 *   block  = count (long), size (long), records (`size` bytes, compressed), sync
 * Iceberg gives every field a `field-id`; names differ from writer to writer. The binary holds no names, so
 * on reading each field is given our name for its id before anything is decoded.
 */
export type AvroField = {
  readonly name: string
  readonly type: AvroType
  readonly 'field-id': number
  readonly default?: null
}
export type AvroRecord = {
  readonly type: 'record'
  readonly name: string
  readonly fields: readonly AvroField[]
}
export type AvroArray = {
  readonly type: 'array'
  readonly items: AvroType
  readonly logicalType?: 'map'
  readonly 'element-id'?: number
}
export type AvroType =
  | 'int'
  | 'long'
  | 'string'
  | 'bytes'
  | 'boolean'
  | 'double'
  | 'float'
  | AvroRecord
  | AvroArray
  | { readonly type: 'int'; readonly logicalType: 'date' }
  | readonly ['null', AvroType]

const MAGIC = Buffer.from('Obj\x01', 'latin1')
const SYNC_BYTES = 16

const long = avsc.types.LongType.__with({
  fromBuffer: (bytes: Buffer) => toLong(bytes.readBigInt64LE()),
  toBuffer: (value: Long) => {
    const bytes = Buffer.alloc(8)
    bytes.writeBigInt64LE(BigInt(value))
    return bytes
  },
  fromJSON: Number,
  toJSON: Number,
  isValid: (value: unknown) => typeof value === 'bigint' || Number.isSafeInteger(value),
  compare: (a: Long, b: Long) => (a < b ? -1 : a > b ? 1 : 0),
})

// A type is compiled once; a table has few schemas, other writers' among them.
const TYPES_MAX = 32
const types = new Map<string, avsc.Type>()

function typeOf(schema: unknown): avsc.Type {
  const text = JSON.stringify(schema)
  const known = types.get(text)
  if (known !== undefined) return known
  const type = avsc.Type.forSchema(schema as avsc.Schema, { registry: { long }, wrapUnions: false })
  if (types.size >= TYPES_MAX) types.clear()
  types.set(text, type)
  return type
}

const header = typeOf({
  type: 'record',
  name: 'Header',
  fields: [
    { name: 'magic', type: { type: 'fixed', name: 'Magic', size: MAGIC.length } },
    { name: 'meta', type: { type: 'map', values: 'bytes' } },
    { name: 'sync', type: { type: 'fixed', name: 'Sync', size: SYNC_BYTES } },
  ],
})
const plainLong = avsc.Type.forSchema('long')

/** A schema as another writer made it. */
export type OwnSchema = { readonly [key: string]: unknown }

/** One deflated block; `sync` are 16 random bytes. */
export function writeAvro(
  schema: AvroRecord | OwnSchema,
  rows: readonly unknown[],
  { metadata, sync }: { metadata: Readonly<Record<string, string>>; sync: Uint8Array },
): Uint8Array {
  const type = typeOf(schema)
  const block = deflateRawSync(Buffer.concat(rows.map((row) => type.toBuffer(row))))
  const meta: Record<string, Buffer> = {}
  const all = { 'avro.schema': JSON.stringify(schema), 'avro.codec': 'deflate', ...metadata }
  for (const [key, value] of Object.entries(all)) meta[key] = Buffer.from(value)
  const mark = Buffer.from(sync)
  const start = header.toBuffer({ magic: MAGIC, meta, sync: mark })
  if (rows.length === 0) return start
  return Buffer.concat([
    start,
    plainLong.toBuffer(rows.length),
    plainLong.toBuffer(block.length),
    block,
    mark,
  ])
}

export type AvroFile = {
  readonly metadata: ReadonlyMap<string, string>
  readonly rows: readonly unknown[]
}

/**
 * Every row of a container file, its fields named by `names` (field id → name; `f<id>` for others, so a
 * reader asks by id; null: as its writer named them); `corrupt` when `what` is damaged. Codecs: null and deflate.
 */
export function readAvro(
  bytes: Uint8Array,
  names: ReadonlyMap<number, string> | null,
  what: string,
): AvroFile {
  try {
    return decodeFile(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength), names)
  } catch (cause) {
    throw new Fault('corrupt', `${what} is damaged or no Avro file: ${String(cause)}`, {
      remedy: 'Restore the file from a backup, or roll the table back to a snapshot without it.',
      cause,
    })
  }
}

export type OwnAvroFile = AvroFile & {
  readonly schema: OwnSchema
  /** What its writer calls the field of that id; null: it has none. */
  readonly nameOf: (id: number) => string | null
}

/**
 * Every row of a container file under its writer's own names, so that it can be written again with all that the
 * writer put in it. `corrupt` when `what` is damaged.
 */
export function readOwnAvro(bytes: Uint8Array, what: string): OwnAvroFile {
  const file = readAvro(bytes, null, what)
  const schema = JSON.parse(file.metadata.get('avro.schema') ?? '{}') as OwnSchema
  return { ...file, schema, nameOf: (id) => fieldName(schema, id) }
}

function fieldName(schema: unknown, id: number): string | null {
  if (typeof schema !== 'object' || schema === null) return null
  const { name, ...node } = schema as OwnSchema
  if (node['field-id'] === id && typeof name === 'string') return name
  for (const inner of Array.isArray(schema) ? schema : Object.values(node)) {
    const found = fieldName(inner, id)
    if (found !== null) return found
  }
  return null
}

function decodeFile(bytes: Buffer, names: ReadonlyMap<number, string> | null): AvroFile {
  const start = header.decode(bytes, 0)
  const { magic, meta, sync } = start.value as Record<'magic' | 'sync', Buffer> & {
    meta: Record<string, Buffer>
  }
  if (start.offset < 0 || !magic.equals(MAGIC)) throw new Error('no Avro header')
  const metadata = new Map(Object.entries(meta).map(([key, value]) => [key, value.toString()]))
  const codec = metadata.get('avro.codec') ?? 'null'
  if (codec !== 'null' && codec !== 'deflate') throw new Error(`codec ${codec} is not supported`)
  const schema: unknown = JSON.parse(metadata.get('avro.schema') ?? '')
  const type = typeOf(names === null ? schema : renamed(schema, names))
  const rows: unknown[] = []
  let at = start.offset
  while (at < bytes.length) {
    const count = plainLong.decode(bytes, at)
    const size = plainLong.decode(bytes, count.offset)
    const next = size.offset + Number(size.value) + SYNC_BYTES
    if (count.offset < 0 || size.offset < 0 || next > bytes.length) throw new Error('cut off')
    const block = bytes.subarray(size.offset, next - SYNC_BYTES)
    if (!bytes.subarray(next - SYNC_BYTES, next).equals(sync)) throw new Error('bad sync marker')
    const records = codec === 'deflate' ? inflateRawSync(block) : block
    for (const row of decodeRows(type, records, Number(count.value))) rows.push(row)
    at = next
  }
  return { metadata, rows }
}

function* decodeRows(type: avsc.Type, block: Buffer, count: number): Generator {
  let at = 0
  for (let i = 0; i < count; i++) {
    const row = type.decode(block, at)
    if (row.offset < 0) throw new Error('cut off inside a block')
    yield row.value as unknown
    at = row.offset
  }
}

/** The writer's schema with our names in place of its own. */
function renamed(schema: unknown, names: ReadonlyMap<number, string>): unknown {
  if (Array.isArray(schema)) return schema.map((branch) => renamed(branch, names))
  if (typeof schema !== 'object' || schema === null) return schema
  const out: Record<string, unknown> = { ...schema }
  if (typeof out['type'] === 'object') out['type'] = renamed(out['type'], names)
  if ('items' in out) out['items'] = renamed(out['items'], names)
  if (Array.isArray(out['fields']))
    out['fields'] = out['fields'].map((field: Record<string, unknown>, i) => {
      const id = field['field-id']
      const name = typeof id === 'number' ? (names.get(id) ?? `f${id}`) : `unnamed${i}`
      return { name, type: renamed(field['type'], names) }
    })
  return out
}
