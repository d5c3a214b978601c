import type { Run } from './records.ts'

/** The lake's column types: the Iceberg v2 primitives that ticklake uses. `timestamp` is µs, no zone, UTC by contract. */
export type FieldType = 'string' | 'timestamp' | 'double' | 'boolean' | 'int' | 'long' | 'binary'

export type Field = {
  readonly id: number
  readonly name: string
  readonly type: FieldType
  readonly required: boolean
  /** Parquet dictionary encoding is worth trying. */
  readonly dictionary: boolean
  /** Lower and upper bounds go into the manifests. */
  readonly bounds: boolean
  readonly doc: string
}

/** A table: one row a tape record. The last three fields are always tape, tape_partition, tape_offset. */
export type Table = {
  readonly name: string
  readonly fields: readonly Field[]
  /** Partitioned by day(UTC) of this timestamp field; null values make the null day. */
  readonly dayOf: string
  readonly sortedBy: readonly string[]
}

const field = (
  id: number,
  { name, type, doc, ...how }: Partial<Field> & Pick<Field, 'name' | 'type' | 'doc'>,
): Field => ({ id, name, type, required: false, dictionary: false, bounds: false, ...how, doc })

const place = (id: number): readonly Field[] => [
  field(id, {
    name: 'tape',
    type: 'string',
    required: true,
    dictionary: true,
    bounds: true,
    doc: 'id of the log this record is on',
  }),
  field(id + 1, {
    name: 'tape_partition',
    type: 'int',
    required: true,
    dictionary: true,
    bounds: true,
    doc: 'partition of that log',
  }),
  field(id + 2, {
    name: 'tape_offset',
    type: 'long',
    required: true,
    bounds: true,
    doc: 'offset in that partition',
  }),
]

export const RECORDS: Table = {
  name: 'records',
  dayOf: 'ts',
  sortedBy: ['symbol', 'ts', 'tape_partition', 'tape_offset'],
  fields: [
    field(1, {
      name: 'symbol',
      type: 'string',
      dictionary: true,
      bounds: true,
      doc: 'as the feed sent it',
    }),
    field(2, { name: 'ts', type: 'timestamp', bounds: true, doc: 'venue time, UTC' }),
    field(3, { name: 'price', type: 'double', dictionary: true, bounds: true, doc: 'last price' }),
    field(4, {
      name: 'volume',
      type: 'double',
      dictionary: true,
      doc: 'fractional for crypto; 0 is legal',
    }),
    field(5, {
      name: 'conditions',
      type: 'string',
      dictionary: true,
      doc: 'condition codes in wire order, 1,8; null: none sent',
    }),
    field(6, {
      name: 'received_at',
      type: 'timestamp',
      required: true,
      bounds: true,
      doc: 'our clock on arrival, UTC',
    }),
    field(7, {
      name: 'redelivered',
      type: 'boolean',
      required: true,
      doc: 'the feed sent this before',
    }),
    field(8, {
      name: 'source',
      type: 'string',
      required: true,
      dictionary: true,
      bounds: true,
      doc: 'finnhub, simulator, …',
    }),
    field(9, {
      name: 'defect',
      type: 'string',
      dictionary: true,
      bounds: true,
      doc: 'why this record is no trade; null: it is one',
    }),
    field(10, {
      name: 'raw',
      type: 'binary',
      doc: "the record's bytes, only where there is a defect",
    }),
    ...place(11),
  ],
}

export const FEED_LOG: Table = {
  name: 'feed_log',
  dayOf: 'occurred_at',
  sortedBy: ['occurred_at', 'tape_partition', 'tape_offset'],
  fields: [
    field(1, {
      name: 'occurred_at',
      type: 'timestamp',
      bounds: true,
      doc: "when, by the recorder's clock, UTC",
    }),
    field(2, {
      name: 'recorder',
      type: 'string',
      dictionary: true,
      doc: 'random id of the process',
    }),
    field(3, { name: 'epoch', type: 'long', doc: 'lease epoch of the recorder' }),
    field(4, { name: 'source', type: 'string', dictionary: true, doc: 'finnhub, simulator, …' }),
    field(5, {
      name: 'kind',
      type: 'string',
      dictionary: true,
      doc: 'null: the record could not be read',
    }),
    field(6, { name: 'symbols', type: 'string', dictionary: true, doc: 'JSON array of symbols' }),
    field(7, { name: 'from_ts', type: 'timestamp', doc: 'start of the stretch that it speaks of' }),
    field(8, {
      name: 'to_ts',
      type: 'timestamp',
      doc: 'end of that stretch, or the last durable frame',
    }),
    field(9, { name: 'cause', type: 'string', dictionary: true, doc: 'why' }),
    field(10, { name: 'bytes', type: 'binary', doc: 'start of what could not be read' }),
    field(11, {
      name: 'received_at',
      type: 'timestamp',
      required: true,
      doc: 'time on the tape, UTC',
    }),
    ...place(12),
  ],
}

/**
 * One column of a batch. Times are ms since 1970 UTC in `numbers` (they become µs in the lake);
 * ints and longs are `numbers` too, exact to 2^53. `missing[i]` is 1 where the value is null.
 */
export type Column =
  | {
      readonly kind: 'dictionary'
      readonly ids: Uint32Array
      readonly values: readonly (string | null)[]
    }
  | {
      readonly kind: 'numbers'
      readonly values: Float64Array
      readonly missing: Uint8Array | null
    }
  | { readonly kind: 'flags'; readonly values: Uint8Array }
  | { readonly kind: 'constant'; readonly value: string | number | null }
  | { readonly kind: 'bytes'; readonly at: ReadonlyMap<number, Uint8Array> }

/** A run decoded for one table: columns[f] belongs to table.fields[f]; every record is one row, in tape order. */
export type Rows = {
  readonly run: Run
  readonly count: number
  readonly columns: readonly Column[]
}
