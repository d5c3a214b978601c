import type { Clock } from '../../flow/clock.ts'
import { Fault, isFault } from '../../flow/fault.ts'
import type { Logger } from '../../flow/log.ts'
import type { Random } from '../../flow/random.ts'
import type { Table } from '../../market/tables.ts'
import type { Catalog, Pointer, TableName } from '../catalog.ts'
import type { DataFile } from '../lake.ts'
import type { Long } from './json.ts'
import type { ManifestWriting } from './manifest.ts'
import type { ManifestFile } from './manifest-list.ts'
import type { ManifestReader } from './manifest-reader.ts'
import type { Merge } from './merge.ts'
import type { Metadata } from './metadata-document.ts'
import { randomBytes } from './names.ts'
import type { Removed } from './removal.ts'
import { currentSchema, ourSpec } from './schema.ts'
import type { Operation } from './snapshot.ts'
import type { TableFiles } from './table-files.ts'

// Swaps lost in a row before the turn ends: other writers are that busy only when something is wrong.
export const ATTEMPTS_MAX = 12
export const BACKOFF = { baseMs: 20, capMs: 2_000 } as const

/** A table at one moment. */
export type TableState = { readonly pointer: Pointer; readonly metadata: Metadata }

/** What the commit works on; `load` asks the catalog. */
export type Committing = {
  readonly table: Table
  readonly name: TableName
  readonly catalog: Catalog
  readonly files: TableFiles
  readonly manifests: ManifestReader
  readonly load: () => Promise<TableState>
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
}

export type Change = {
  readonly operation: Operation
  readonly added: readonly DataFile[]
  /** Live data and delete files that go; `conflict` where one of them is not live any more. */
  readonly removed?: Removal
  /** The table properties that move with the files; throws `conflict` where the base is not the one expected. */
  readonly properties: (base: Metadata) => Readonly<Record<string, string>>
  /** Asked of each base before a try: throws `conflict` where the change does not fit it. */
  readonly admit?: (base: Metadata) => Promise<void>
}

export type Removal = {
  readonly locations: ReadonlySet<string>
  /** Paths of the manifests that had them when it was planned: those are opened first. */
  readonly manifests: ReadonlySet<string>
  /** The manifests forget all files that were deleted, these and earlier ones: for the end of a purge. */
  readonly forgets?: boolean
}

export type Unnumbered = Omit<ManifestFile, 'sequence_number'> & { sequence_number?: Long }

/** What stays the same over all tries of one commit. */
export type Attempted = {
  readonly snapshotId: Long
  readonly id: string
  added: Omit<ManifestFile, 'sequence_number' | 'min_sequence_number'> | null
  merge: Merge | null
  /** Of each manifest that was looked through for removed files: what took its place; null: it has none. */
  readonly struck: Map<string, Struck | null>
}
export type Struck = {
  readonly manifest: Unnumbered
  readonly locations: readonly string[]
  readonly removed: Removed
}

export const writingUnder = (io: Committing, base: Metadata): ManifestWriting => ({
  schema: currentSchema(base),
  spec: ourSpec(base, io.table),
  sync: randomBytes(io.random, 16),
})

/** Old documents that the table lets go of: only tidiness, so a store that is away is no fault. */
export async function removeDropped(io: Committing, dropped: readonly string[]): Promise<void> {
  try {
    await io.files.remove(dropped)
  } catch (error) {
    if (!isFault(error)) throw error
    io.log('warn', 'old metadata documents stay', { table: io.table.name, cause: error.message })
  }
}

/** What a try that surely lost wrote. */
export async function removeQuietly(io: Committing, locations: readonly string[]): Promise<void> {
  try {
    await io.files.remove(locations)
  } catch (error) {
    if (!isFault(error)) throw error
  }
}

export const busy = (io: Committing): Fault =>
  new Fault('conflict', `${ATTEMPTS_MAX} commits to ${io.table.name} lost in a row`, {
    remedy: 'Other writers commit without a pause: run fewer of them, or commit less often.',
  })
