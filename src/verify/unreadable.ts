import { access } from 'node:fs/promises'
import { opened, selectLiving, type Connection, type Hold } from '../duckdb/duckdb.ts'
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
  readonly hold: Hold
  readonly signal: AbortSignal
}

/**
 * Location and cause of each file of which not every value can be read, or not what strikes rows of it out:
 * reads them whole, one by one. Faults: `unavailable` where the store is away, which says nothing of a file.
 */
export async function unreadableFiles(probing: Probing): Promise<ReadonlyMap<string, string>> {
  const found = new Map<string, string>()
  for (const file of probing.files) {
    if (probing.signal.aborted) break
    const cause = await causeOf(probing, file)
    if (cause !== null) found.set(file.location, cause)
  }
  return found
}

/** Null: it can be read. */
async function causeOf(
  { connection, hold, signal }: Probing,
  file: DataFile,
): Promise<string | null> {
  const needed = opened([file])
  try {
    const { pathOf, release } = await hold(needed, signal)
    try {
      for (const { location } of needed)
        if (!(await isThere(pathOf(location)))) return 'it is not there or may not be read'
      const scan = (paths: readonly string[]) => `read_parquet([${paths.join(', ')}])`
      const [select = ''] = selectLiving({ files: [file], pathOf, columns: '*', scan })
      return await readWhole(connection, select)
    } finally {
      await release()
    }
  } catch (error) {
    if (!isFault(error) || (error.kind !== 'invalid' && error.kind !== 'corrupt')) throw error
    return firstLine(error)
  }
}

const isThere = async (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  )

async function readWhole(connection: Connection, select: string): Promise<string | null> {
  try {
    await connection.all(`SELECT max(hash(COLUMNS(*))) FROM (${select})`)
    return null
  } catch (error) {
    if (!isFault(error) || error.kind === 'closed') throw error
    return firstLine(error)
  }
}

const firstLine = ({ message }: Error): string => message.split('\n', 1)[0] ?? ''

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
