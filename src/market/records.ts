declare const brand: unique symbol
/** Keeps numbers and strings of different meaning apart at compile time; no cost at run time. */
export type Brand<T, Name extends string> = T & { readonly [brand]: Name }

/** Kafka topic id, or a UUID made with the SQLite file: an offset means nothing without it. */
export type LogId = Brand<string, 'LogId'>
export type Partition = Brand<number, 'Partition'>
export type Offset = Brand<number, 'Offset'>

export const logId = (value: string): LogId => value as LogId
export const partition = (value: number): Partition => value as Partition
export const offset = (value: number): Offset => value as Offset

/** Records verbatim: record i is bytes[ends[i-1], ends[i]). What the tape takes and gives. */
export type Records = {
  readonly count: number
  readonly bytes: Uint8Array
  readonly ends: Uint32Array
  /** Our clock on arrival, ms since 1970 UTC; also the Kafka timestamp. */
  readonly receivedMs: Float64Array
  /** 1: the feed sent this record before (a Kafka header, only where set). */
  readonly redelivered: Uint8Array
}

/** …on the way in: the symbol, keys[key[i]], chooses the partition. On the way out no key is read. */
export type Keyed = Records & { readonly key: Uint32Array; readonly keys: readonly string[] }

/** …with its place: records [first, next) of one partition of one log; offset i is first + delta[i] (Kafka leaves holes). */
export type Run = Records & {
  readonly log: LogId
  readonly partition: Partition
  readonly first: Offset
  readonly next: Offset
  readonly delta: Uint32Array
}

/** Record i of a run of records, as a view (not a copy). */
export const recordBytes = (records: Records, i: number): Uint8Array =>
  records.bytes.subarray(i === 0 ? 0 : records.ends[i - 1], records.ends[i])

/** The last landed record of a partition: its offset and the CRC-32 of its bytes. */
export type Landmark = { readonly offset: Offset; readonly crc: number }

/** Where to resume: the next offset, and what must be found just before it (null: nothing landed yet). */
export type Position = { readonly next: Offset; readonly last: Landmark | null }
export type Positions = ReadonlyMap<Partition, Position>
