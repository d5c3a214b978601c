import { Fault, isFault } from '../../flow/fault.ts'
import { commit } from '../iceberg/commit.ts'
import type { TableState } from '../iceberg/committing.ts'
import type { LiveFile } from '../iceberg/live.ts'
import type { Long } from '../iceberg/json.ts'
import { mainId, type Metadata } from '../iceberg/metadata-document.ts'
import { headsOf } from '../iceberg/metadata.ts'
import { planLive } from '../iceberg/plan.ts'
import { ourSpec } from '../iceberg/schema.ts'
import type { DataFile } from '../lake.ts'
import { columnsOf } from './columns.ts'
import { COMPACTION_LIMITS, freed } from './compact.ts'
import { expireSnapshots } from './expire.ts'
import { removeLeftovers } from './leftovers.ts'
import { purgeNote } from './purge-notes.ts'
import { goingFiles } from './purge-reach.ts'
import { checkedRemoval } from './purge-removal.ts'
import { commitReplacement, stageReplacement, type Workshop } from './replace.ts'
import { removeFiles, type Tended } from './tended.ts'

// Other writers may move a day's files while they are rewritten; then it is planned again.
const TRIES_MAX = 8

/** What must go: all, what came before a midnight (UTC), or what is of some symbols. */
export type Purged =
  | { readonly kind: 'all' }
  | { readonly kind: 'before'; readonly beforeMs: number }
  | { readonly kind: 'symbols'; readonly symbols: readonly string[] }

export type Purging = {
  readonly workshop: Workshop
  readonly what: Purged
  readonly dryRun?: boolean
  readonly signal: AbortSignal
}

/** What went, or, in a dry run, which files would be removed or looked through. */
export type PurgeReport = {
  readonly rows: number | null
  readonly filesRemoved: number
  readonly filesRewritten: number
  readonly bytesRemoved: number
  readonly snapshotsExpired: number
  /** Files that held what was purged and are there still, by location; none in a dry run. */
  readonly filesLeft: readonly string[]
}

/**
 * Takes rows out of the table for good: commits take them out of sight, then every older snapshot expires and with
 * it the files that held the rows, then the manifests forget them. Positions stay: what was purged does not land
 * again; and a note of what it was (purge-notes.ts). Killed at any moment, or with files left, run it again. Faults:
 * `invalid` where a branch or tag of another engine keeps an old snapshot, or a file cannot be written again;
 * `conflict` where other writers never left the files alone.
 */
export async function purge(tended: Tended, purging: Purging): Promise<PurgeReport> {
  const { io, struck, left } = checkedRemoval(tended)
  const { metadata: started } = await io.load()
  checkHeads(io, started)
  if (purging.dryRun === true) return await planned(io, purging)
  let [rows, filesRemoved, filesRewritten, bytesRemoved] = [0, 0, 0, 0]
  const gone = await untilFits(io, () => removeWhole(tended, purging.what))
  rows += sum(gone, (file) => file.rows)
  filesRemoved += gone.length
  struck(locationsOf(gone))
  bytesRemoved += sum(gone, ({ sizeBytes }) => sizeBytes)
  const looked = new Set<string>()
  const reach = { looked, until: started['last-sequence-number'] }
  for (;;) {
    const done = await untilFits(io, () => rewriteSome(tended, purging, reach))
    if (done === null) break
    rows += done.purged
    if (done.replaced) struck(locationsOf(done.files))
    if (done.purged > 0) filesRewritten += done.files.length
    if (done.purged > 0) bytesRemoved += sum(done.files, ({ sizeBytes }) => sizeBytes)
  }
  const expired = await expireSnapshots(io, { keep: 0, graceMs: 0 })
  await untilFits(io, () => forget(io))
  const again = await expireSnapshots(io, { keep: 0, graceMs: 0 })
  await removeLeftovers(io) // of a purge or an expiry that was killed before
  checkHeads(io, (await io.load()).metadata) // one that was made meanwhile keeps what was purged
  const snapshotsExpired = expired.snapshots + again.snapshots
  const filesLeft = await left()
  return { rows, filesRemoved, filesRewritten, bytesRemoved, snapshotsExpired, filesLeft }
}

const locationsOf = (files: readonly LiveFile[]): readonly string[] =>
  files.map(({ file }) => file.location)

async function untilFits<T>(io: Tended, act: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await act()
    } catch (error) {
      if (!isFault(error, 'conflict') || attempt >= TRIES_MAX) throw error
      io.log('debug', `planned again: ${error.message}`, { table: io.table.name })
    }
  }
}

async function planned(io: Tended, { what }: Purging): Promise<PurgeReport> {
  const { metadata } = await io.load()
  const { whole, partly } = goingFiles(io, await planLive({ ...io, metadata }), what)
  return {
    rows: partly.length === 0 ? sum(whole, ({ rows }) => rows) : null,
    filesRemoved: whole.length,
    filesRewritten: partly.length,
    bytesRemoved: sum([...whole, ...partly], ({ sizeBytes }) => sizeBytes),
    snapshotsExpired: metadata.snapshots.length,
    filesLeft: [],
  }
}

const sum = (files: readonly LiveFile[], of: (file: DataFile) => number): number =>
  files.reduce((total, { file }) => total + of(file), 0)

async function removeWhole(io: Tended, what: Purged): Promise<readonly LiveFile[]> {
  const base = await io.load()
  const live = await planLive({ ...io, metadata: base.metadata })
  const { whole } = goingFiles(io, live, what)
  if (whole.length === 0) return []
  const deletes = what.kind === 'all' ? live.deletes : freed(live, whole)
  const going = [...whole, ...deletes]
  await commit(io, base, {
    operation: 'delete',
    added: [],
    removed: {
      locations: new Set([
        ...whole.map(({ file }) => file.location),
        ...deletes.map(({ location }) => location),
      ]),
      manifests: new Set(going.map(({ manifest }) => manifest.manifest_path)),
    },
    properties: purgeNote(base.metadata, what, io.clock.now()),
  })
  return whole
}

type Rewritten = {
  readonly purged: number
  readonly replaced: boolean
  readonly files: readonly LiveFile[]
}

type Reach = {
  readonly looked: Set<string>
  /** The sequence number at the start: what lands later is not what was asked to go. */
  readonly until: Long
}

/** Whether a file may hold rows of before: it is as old, or its commit wrote older files anew. */
function oldRows({ snapshots }: Metadata, until: Long): (file: LiveFile) => boolean {
  const appends = new Set(
    snapshots
      .filter(({ summary }) => summary?.['operation'] === 'append')
      .map((one) => one['sequence-number']),
  )
  return ({ sequenceNumber }) => sequenceNumber <= until || !appends.has(sequenceNumber)
}

/** The files of one day that may hold something of it and were not looked through yet; null: there are none. */
async function rewriteSome(
  io: Tended,
  { what, workshop, signal }: Purging,
  { looked, until }: Reach,
): Promise<Rewritten | null> {
  if (signal.aborted) throw cancelled()
  const base = await io.load()
  const live = await planLive({ ...io, metadata: base.metadata })
  const isOld = oldRows(base.metadata, until)
  const left = goingFiles(io, live, what).partly.filter(
    (one) => !looked.has(one.file.location) && isOld(one),
  )
  const [first] = left
  if (first === undefined) return null
  const { day } = first.file
  const inputs = left.filter(({ file }) => file.day === day)
  checkDays(io, base, inputs)
  const columns = columnsOf(base.metadata, io.table)
  if ('unknown' in columns) throw notRewritable(io, `column ${columns.unknown}`)
  const rewriting = {
    columns: columns.columns,
    day,
    targetBytes: COMPACTION_LIMITS.targetBytes,
    signal,
    ...(what.kind === 'symbols' && { withoutSymbols: what.symbols }),
    ...(what.kind === 'before' && { fromMs: what.beforeMs }),
  }
  const staged = await stageReplacement(io, workshop, { inputs, rewriting })
  const addedLocations = staged.added.map(({ location }) => location)
  // Rows that were struck out are of the file's bytes still.
  const replaced = staged.purged > 0 || staged.struckOut > 0
  if (!replaced) await removeFiles(io, addedLocations)
  else {
    const replacement = { operation: 'overwrite', inputs, deletes: freed(live, inputs) } as const
    const properties = purgeNote(base.metadata, what, io.clock.now())
    await commitReplacement(io, base, { ...replacement, ...staged, properties })
  }
  for (const { file } of inputs) looked.add(file.location)
  for (const location of addedLocations) looked.add(location)
  return { purged: staged.purged, replaced, files: inputs }
}

/** Manifests still tell of files that were deleted, with their bounds: those entries go too. */
async function forget(io: Tended): Promise<void> {
  const base = await io.load()
  if (mainId(base.metadata) === null) return
  const removed = { locations: new Set<string>(), manifests: new Set<string>(), forgets: true }
  await commit(io, base, { operation: 'replace', added: [], removed, properties: () => ({}) })
}

/** A file of another partition spec can be written under ours only where all its rows are of one day. */
function checkDays(io: Tended, { metadata }: TableState, inputs: readonly LiveFile[]): void {
  const ours = ourSpec(metadata, io.table)['spec-id']
  const unknown = inputs.find(({ file, specId }) => specId !== ours && file.day === null)
  if (unknown !== undefined) throw notRewritable(io, `file ${unknown.file.location}`)
}

function checkHeads({ table }: Tended, metadata: Metadata): void {
  const main = mainId(metadata)
  const other = [...headsOf(metadata)].find((id) => id !== main)
  if (other === undefined) return
  const [name = '?'] =
    Object.entries(metadata.refs ?? {}).find(([, ref]) => ref['snapshot-id'] === other) ?? []
  throw new Fault('invalid', `the branch or tag ${name} keeps old rows of table ${table.name}`, {
    remedy: `Drop it in the engine that made it (ALTER TABLE … DROP BRANCH or DROP TAG ${name}), then purge again.`,
  })
}

const notRewritable = ({ table }: Tended, what: string): Fault =>
  new Fault('invalid', `${what} of table ${table.name} cannot be written again by ticklake`, {
    remedy:
      'Delete the rows in the engine that made it (DELETE FROM …, then optimize), then purge again to remove old snapshots.',
  })

const cancelled = (): Fault =>
  new Fault('closed', 'the purge was cancelled', {
    remedy: 'Run it again: what went stays gone, the rest is still there.',
  })
