import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Fault } from '../../flow/fault.ts'
import { commit } from '../iceberg/commit.ts'
import type { TableState } from '../iceberg/committing.ts'
import {
  appliesTo,
  DELETE_MANIFEST,
  readLive,
  type LiveDelete,
  type LiveFile,
} from '../iceberg/live.ts'
import { mainSnapshot, type Metadata } from '../iceberg/metadata-document.ts'
import { specOf } from '../iceberg/schema.ts'
import type { Operation } from '../iceberg/snapshot.ts'
import type { DataFile } from '../lake.ts'
import { ageMs, momentOf, type Moment } from '../moment.ts'
import { storeFile } from '../stage.ts'
import { storeFault } from '../store-fault.ts'
import type { RewriteInput, Rewriter, Rewriting, RewrittenFiles } from './rewriter.ts'
import type { Tended } from './tended.ts'

// Files that wait longer are not committed: the removal of orphans counts on it.
const STAGED_MS_MAX = 3_600_000

/** What a rewrite of files needs beside the table. */
export type Workshop = {
  readonly rewriter: Rewriter
  /** A folder on a local disk for copies of files that lie elsewhere; made if not there. */
  readonly dir: string
  /** The local path of a data file; null: it has to be fetched. */
  readonly pathOf: (location: string) => string | null
  /** Removes a local file that was stored; by default from the disk. */
  readonly removeLocal?: (path: string) => Promise<void>
}

export type Replacement = {
  readonly operation: Operation
  readonly inputs: readonly LiveFile[]
  /** Delete files that nothing needs any more once the inputs are gone. */
  readonly deletes: readonly LiveDelete[]
  /** Table properties that move with the files. */
  readonly properties?: (base: Metadata) => Readonly<Record<string, string>>
}

export type Replaced = RewrittenFiles & {
  readonly added: readonly DataFile[]
  /** When the first of them was stored: the sorting before it may take as long as it takes. */
  readonly stagedAt: Moment
}

/** Writes the rows of some files anew, as files that nobody sees yet. */
export async function stageReplacement(
  io: Tended,
  { rewriter, dir, pathOf, removeLocal = fromDisk }: Workshop,
  {
    inputs,
    rewriting,
  }: Pick<Replacement, 'inputs'> & { readonly rewriting: Omit<Rewriting, 'inputs'> },
): Promise<Replaced> {
  await using copies = await localCopies(io, dir, pathOf)
  const local: RewriteInput[] = []
  for (const { file } of inputs) {
    if (rewriting.signal.aborted) throw cancelled()
    const deletes: string[] = []
    for (const { location } of file.deletes ?? []) deletes.push(await copies.path(location))
    const { location, rows, sizeBytes } = file
    local.push({ location, path: await copies.path(location), rows, sizeBytes, deletes })
  }
  const written = await rewriter.write({ ...rewriting, inputs: local })
  const stagedAt = momentOf(io.clock)
  try {
    const added: DataFile[] = []
    const partitionName = specOf(io.table).fields[0]?.name ?? ''
    for (const file of written.files) added.push(await storeFile(file, { ...io, partitionName }))
    return { ...written, added, stagedAt }
  } finally {
    for (const { path } of written.files) await removeLocal(path)
  }
}

const fromDisk = (path: string): Promise<void> => rm(path, { force: true })

/**
 * Puts the staged files in the place of the inputs, in one swap. Throws `conflict` where an input is not live any
 * more, or was struck at since it was read: then nothing was changed.
 */
export async function commitReplacement(
  io: Tended,
  base: TableState,
  replacement: Replacement & { readonly added: readonly DataFile[]; readonly stagedAt: Moment },
): Promise<TableState> {
  const { inputs, deletes, operation, added, stagedAt, properties = () => ({}) } = replacement
  const known = new Set(inputs.flatMap(({ file }) => (file.deletes ?? []).map((d) => d.location)))
  const gone = [...inputs.map(({ file }) => file.location), ...deletes.map((d) => d.location)]
  return await commit(io, base, {
    operation,
    added,
    removed: {
      locations: new Set(gone),
      manifests: new Set([...inputs, ...deletes].map(({ manifest }) => manifest.manifest_path)),
    },
    properties: (metadata) => {
      const age = ageMs(stagedAt, io.clock)
      if (age > STAGED_MS_MAX)
        throw conflict(`the files are ${Math.round(age / 60_000)} minutes old`)
      return properties(metadata)
    },
    admit: (metadata) => checkUntouched(io, metadata, { inputs, known }),
  })
}

/** The position deletes that apply to the inputs must be those of when they were read: none more, and none less. */
async function checkUntouched(
  io: Tended,
  metadata: Metadata,
  { inputs, known }: { readonly inputs: readonly LiveFile[]; readonly known: ReadonlySet<string> },
): Promise<void> {
  const listed = await io.manifests.list(mainSnapshot(metadata))
  const ofDeletes = listed.filter(({ content }) => content === DELETE_MANIFEST)
  if (ofDeletes.length === 0 && known.size === 0) return
  const { deletes } = await readLive({ ...io, metadata }, ofDeletes)
  const there = new Set(deletes.map(({ location }) => location))
  const undone = [...known].find((location) => !there.has(location))
  if (undone !== undefined) throw conflict(`${undone} strikes out nothing any more`)
  const newer = deletes.find(
    (one) => !known.has(one.location) && inputs.some((input) => appliesTo(one, input)),
  )
  if (newer !== undefined) throw conflict(`${newer.location} strikes out rows meanwhile`)
}

/** Local copies of files of the store, removed when it is disposed. */
async function localCopies(
  { files }: Tended,
  parent: string,
  pathOf: Workshop['pathOf'],
): Promise<AsyncDisposable & { readonly path: (location: string) => Promise<string> }> {
  const copies = new Map<string, string>()
  let dir: string | null = null
  return {
    path: async (location) => {
      const known = pathOf(location) ?? copies.get(location)
      if (known !== undefined) return known
      const bytes = await files.read(location)
      const path = await onDisk(parent, async () => {
        dir ??= await mkdtemp(join(parent, 'inputs-'))
        const copy = join(dir, `${copies.size}.parquet`)
        await writeFile(copy, bytes)
        return copy
      })
      copies.set(location, path)
      return path
    },
    [Symbol.asyncDispose]: async () => {
      if (dir !== null) await rm(dir, { recursive: true, force: true })
    },
  }
}

/** A full disk, or a folder that is gone, as the fault that says what to do. */
async function onDisk<T>(dir: string, act: () => Promise<T>): Promise<T> {
  try {
    return await act()
  } catch (error) {
    throw storeFault(dir, error)
  }
}

const conflict = (what: string): Fault =>
  new Fault('conflict', `the rewritten files are not committed: ${what}`, {
    remedy: 'Nothing to do: it is planned again from the table as it is.',
  })

const cancelled = (): Fault =>
  new Fault('closed', 'it was cancelled', { remedy: 'Run it again; nothing was changed.' })
