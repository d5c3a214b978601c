import { access } from 'node:fs/promises'
import { sqlText, type Connection } from '../duckdb/duckdb.ts'
import { isFault } from '../flow/fault.ts'
import type { DataFile } from '../lake/lake.ts'
import { offset, partition, type Offset, type Partition } from '../market/records.ts'
import type { Table } from '../market/tables.ts'
import type { Claim } from './claims.ts'

/** A data file that the table lists and whose rows cannot be had. */
export type Unreadable = {
  /** Where the table says that it is. */
  readonly file: string
  readonly rows: number
  /** By the bounds in the manifest; null: of several partitions, or there are no bounds. */
  readonly partition: Partition | null
  /** Its rows lie in [first, next), by the bounds in the manifest; null: there are none. */
  readonly first: Offset | null
  readonly next: Offset | null
  readonly cause: string
}

type Probing = {
  readonly connection: Connection
  readonly files: readonly DataFile[]
  readonly pathOf: (location: string) => string
  readonly signal: AbortSignal
}

/** Location and cause of each file of which not every value can be read: reads them whole, one by one. */
export async function unreadableFiles(probing: Probing): Promise<ReadonlyMap<string, string>> {
  const { connection, files, pathOf, signal } = probing
  const found = new Map<string, string>()
  for (const { location } of files) {
    if (signal.aborted) break
    const path = pathOf(location)
    try {
      await access(path)
    } catch {
      found.set(location, 'it is not there or may not be read')
      continue
    }
    try {
      await connection.all(`SELECT max(hash(COLUMNS(*))) FROM read_parquet(${sqlText(path)})`)
    } catch (error) {
      if (!isFault(error) || error.kind === 'closed') throw error
      found.set(location, error.message.split('\n', 1)[0] ?? '')
    }
  }
  return found
}

/** What the table says of a file that cannot be read. */
export function lostWith({ fields }: Table, file: DataFile, cause: string): Unreadable {
  const bounds = (name: string) => {
    const id = fields.find((field) => field.name === name)?.id ?? -1
    return { lower: wholeNumber(file.lower.get(id)), upper: wholeNumber(file.upper.get(id)) }
  }
  const [partitions, offsets] = [bounds('tape_partition'), bounds('tape_offset')]
  const { lower, upper } = partitions
  return {
    file: file.location,
    rows: file.rows,
    partition: lower === null || lower !== upper ? null : partition(lower),
    first: offsets.lower === null ? null : offset(offsets.lower),
    next: offsets.upper === null ? null : offset(offsets.upper + 1),
    cause,
  }
}

/** It may hold a row of what was asked for. */
export const concerns = ({ partition, first, next }: Unreadable, claims: readonly Claim[]) =>
  claims.some(
    (claim) =>
      (partition === null || partition === claim.partition) &&
      (first ?? 0) < claim.to &&
      (next ?? Number.POSITIVE_INFINITY) > claim.from,
  )

/** An int or long bound (Iceberg specification, appendix D: little-endian, 4 or 8 bytes); null: it is neither. */
function wholeNumber(bytes: Uint8Array | undefined): number | null {
  if (bytes === undefined) return null
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (bytes.length === 4) return view.getInt32(0, true)
  return bytes.length === 8 ? Number(view.getBigInt64(0, true)) : null
}
