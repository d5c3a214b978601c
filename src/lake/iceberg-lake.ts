import { rm } from 'node:fs/promises'
import type { Clock } from '../flow/clock.ts'
import { Fault, isFault } from '../flow/fault.ts'
import { silent, type Logger } from '../flow/log.ts'
import { noMetrics, type Metrics } from '../flow/metrics.ts'
import type { Random } from '../flow/random.ts'
import type { LogId, Partition, Positions } from '../market/records.ts'
import type { Table } from '../market/tables.ts'
import type { Catalog } from './catalog.ts'
import { commit } from './iceberg/commit.ts'
import type { Committing, TableState } from './iceberg/committing.ts'
import { isEmpty, moveProperties, only } from './iceberg/fence.ts'
import { historyOf } from './iceberg/history.ts'
import { manifestReader } from './iceberg/manifest-reader.ts'
import { mainSnapshot, type Metadata } from './iceberg/metadata-document.ts'
import { plan } from './iceberg/plan.ts'
import { checkTape, encodePositions, positionsKey, tablePositions } from './iceberg/positions.ts'
import { checkSchema, ourSpec, specOf } from './iceberg/schema.ts'
import { tableFiles } from './iceberg/table-files.ts'
import { createTable, tableLoader } from './iceberg/table-state.ts'
import type { Lake, LakeSnapshot, ParquetWriter, Staged, Wanted } from './lake.ts'
import { stageFiles } from './stage.ts'
import { purgeNotes } from './upkeep/purge-notes.ts'
import type { Tended } from './upkeep/tended.ts'
import type { Store } from './store.ts'

/** The namespace that holds ticklake's tables, unless another is named. */
export const NAMESPACE = 'market'
const SOURCE = 'ticklake.source'
const NO_POSITIONS = encodePositions(new Map())

export type IcebergLakeOptions = {
  readonly table: Table
  /** The log that lands here; offsets of any other mean nothing to it. Null, to read: there are no positions. */
  readonly log: LogId | null
  /** The table is bound to it when it is made and refuses any other. Null, to read: whichever it is bound to. */
  readonly source: string | null
  readonly catalog: Catalog
  readonly store: Store
  /** Needed to write. */
  readonly parquet?: ParquetWriter
  readonly clock: Clock
  readonly random: Random
  readonly logger?: Logger
  readonly metrics?: Metrics
  /** `write` makes the table where it is not; for `read` a table that is not there is empty. */
  readonly mode: 'write' | 'read'
  readonly namespace?: string
  /** The catalog as settings name it (`glue:market`), for messages. */
  readonly catalogText?: string
  /** Lets a tape land that the table does not know although it holds another's rows. */
  readonly adoptTape?: boolean
  /** After a rollback takes the older positions and lands again from there; over with the first commit. */
  readonly adoptRollback?: boolean
  /** Removes a local file that was stored; by default from the disk. */
  readonly removeLocal?: (path: string) => Promise<void>
}

export type IcebergLake = Lake & {
  /** The table's UUID; null: it was opened to read. */
  readonly id: string | null
  /** What the table is bound to: a null source where it was made by others; null: there is no table. */
  binding(): Promise<{ readonly source: string | null } | null>
  /** The table as upkeep (lake/upkeep/) takes care of it; `invalid` where it was opened to read. */
  tended(): Tended
}

type Opened = Required<Omit<IcebergLakeOptions, 'parquet' | 'adoptRollback'>> & {
  adoptRollback: boolean
  readonly parquet: ParquetWriter | undefined
}
type ToWrite = Opened & { readonly log: LogId; readonly source: string }

/**
 * The Apache Iceberg v2 table `<namespace>.<table>` as a lake. Guarantees: rows and positions move in one swap
 * of the catalog; a batch whose beginning is not the table's position is refused, however late it comes.
 * Throws `invalid` for another source, `corrupt` for an unknown tape or a table that no longer fits.
 */
export async function openIcebergLake(options: IcebergLakeOptions): Promise<IcebergLake> {
  const opened: Opened = {
    logger: silent,
    metrics: noMetrics,
    namespace: NAMESPACE,
    catalogText: '',
    adoptTape: false,
    adoptRollback: false,
    parquet: undefined,
    removeLocal: (path) => rm(path, { force: true }),
    ...options,
  }
  const { table, store, namespace, clock, random, mode, catalogText } = opened
  const folder = `${namespace}/${table.name}`
  const files = tableFiles({ store, folder, clock, random, catalogText })
  const io = {
    ...opened,
    name: { namespace, name: table.name },
    files,
    // A writer opens a manifest once, to merge it away: kept entries would only take memory.
    manifests: manifestReader(files, opened.mode === 'write' ? 0 : undefined),
    log: opened.logger,
  }
  const loader = tableLoader({ ...io, check: (metadata) => checkTable(metadata, opened) })
  const reading: Reading = { opened, loader, manifests: io.manifests }
  const reads = readsOf(reading)
  if (mode === 'read')
    return {
      ...reads,
      id: null,
      positions: async (partitions) => only((await readSnapshot(reading)).positions, partitions),
      stage: async () => readOnly(table),
      commit: async () => readOnly(table),
      tended: () => readOnly(table),
    }
  const writing = toWrite(opened)
  const { log } = writing
  const seen = new Set<Partition>()
  if ((await loader.load()) === null) await createTable(io, { [SOURCE]: writing.source })
  const load = async () => present(await loader.load(), table)
  const { metadata: made } = await load()
  checkTape(made, log, opened.adoptTape)
  if (opened.adoptTape) await adopt({ ...io, load }, log)
  return {
    ...reads,
    id: made['table-uuid'],
    positions: async (partitions) => {
      const { metadata } = await load()
      checkTape(metadata, log, opened.adoptTape)
      const known = writerPositions(metadata, writing)
      for (const part of partitions)
        if (known.has(part)) seen.add(part)
        else seen.delete(part)
      return only(known, partitions)
    },
    stage: (rolled) =>
      stageFiles(rolled, {
        parquet: opened.parquet ?? noWriter(table),
        files,
        removeLocal: opened.removeLocal,
        partitionName: specOf(table).fields[0]?.name ?? '',
        clock,
        random,
      }),
    commit: (staged) => land({ io: { ...io, load }, opened: writing, loader, seen }, staged),
    tended: () => ({ ...io, load, store, folder, manifests: manifestReader(files) }),
  }
}

/** Notes the tape in the table at once: until its first record lands nothing else would tell that it may. */
async function adopt(io: Committing, log: LogId): Promise<void> {
  const key = positionsKey(log)
  const base = await io.load()
  const properties = ({ properties: known }: Metadata) => ({ [key]: known[key] ?? NO_POSITIONS })
  if (base.metadata.properties[key] === undefined)
    await commit(io, base, { operation: 'append', added: [], properties })
}

type Writing = {
  readonly io: Committing
  readonly opened: ToWrite
  readonly loader: ReturnType<typeof tableLoader>
  readonly seen: Set<Partition>
}

async function land({ io, opened, loader, seen }: Writing, staged: Staged): Promise<void> {
  if (isEmpty(staged)) return
  const { log, source, table, clock, metrics, adoptRollback } = opened
  const properties = (base: Metadata) => ({
    [SOURCE]: source,
    ...moveProperties(base, { log, staged, clock, seen, adoptRollback }),
  })
  const labels = { table: table.name }
  try {
    const base = await freshEnough(io, { kept: loader.remembered(), properties })
    const change = { operation: 'append', added: staged.files, properties } as const
    loader.remember(await commit(io, base, change))
  } catch (error) {
    if (isFault(error, 'conflict')) metrics.add('ticklake_lake_conflicts_total', 1, labels)
    throw error
  }
  opened.adoptRollback = false // property and snapshots agree again: another rollback is another question
  for (const part of staged.stretches.keys()) seen.add(part)
  metrics.add('ticklake_lake_commits_total', 1, labels)
  metrics.add('ticklake_lake_rows_total', staged.rows, labels)
  metrics.add('ticklake_lake_files_total', staged.files.length, labels)
  const bytes = staged.files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)
  metrics.add('ticklake_lake_bytes_total', bytes, labels)
  metrics.set('ticklake_lake_last_commit_timestamp_seconds', clock.now() / 1_000, labels)
}

/** The base from memory, unless its fence holds: then somebody may have moved on, and the catalog is asked. */
async function freshEnough(
  io: Committing,
  {
    kept,
    properties,
  }: { readonly kept: TableState | null; readonly properties: (base: Metadata) => unknown },
): Promise<TableState> {
  if (kept === null) return await io.load()
  try {
    properties(kept.metadata)
    return kept
  } catch (error) {
    if (!isFault(error, 'conflict')) throw error
    return await io.load()
  }
}

type Reading = {
  readonly opened: Opened
  readonly loader: ReturnType<typeof tableLoader>
  readonly manifests: ReturnType<typeof manifestReader>
}

const readsOf = (reading: Reading): Pick<IcebergLake, 'binding' | 'snapshot' | 'history'> => ({
  binding: async () => bindingOf(await reading.loader.load()),
  snapshot: (wanted) => readSnapshot(reading, wanted),
  history: async (most) => historyOf((await reading.loader.load())?.metadata ?? null, most),
})

/**
 * Files and positions of one document. After a rollback the positions are those of main: they fit its files.
 * Where a file is gone because the table moved on and was tidied up, the newer document is read instead.
 */
async function readSnapshot(reading: Reading, wanted?: Wanted): Promise<LakeSnapshot> {
  const { opened, loader, manifests } = reading
  const { table, log } = opened
  const state = await loader.load()
  if (state === null) return { id: null, files: [], positions: new Map() }
  const { metadata } = state
  try {
    const id = mainSnapshot(metadata)?.['snapshot-id']
    return {
      id: id === undefined ? null : String(id),
      files: await plan({ metadata, table, manifests }, wanted),
      positions: log === null ? new Map() : tablePositions(metadata, log, true).positions,
      purged: purgeNotes(metadata),
    }
  } catch (error) {
    const moved = (await loader.load())?.pointer.location !== state.pointer.location
    if (!isFault(error, 'invalid') || !moved) throw error
    return await readSnapshot(reading, wanted)
  }
}

function writerPositions(
  metadata: Metadata,
  { log, logger, table, adoptRollback }: ToWrite,
): Positions {
  const { positions, state } = tablePositions(metadata, log, adoptRollback)
  if (state === 'unvouched')
    logger('warn', 'every snapshot that had positions has expired: the table property counts', {
      table: table.name,
    })
  return positions
}

function checkTable(metadata: Metadata, { table, source, mode }: Opened): void {
  const bound = metadata.properties[SOURCE]
  if (source !== null && bound !== undefined && bound !== source)
    throw new Fault('invalid', `table ${table.name} holds trades of ${bound}, not of ${source}`, {
      remedy: `Name another lake for ${source}: one table never mixes sources.`,
    })
  if (mode === 'read') return
  const version = metadata['format-version']
  if (version !== 2)
    throw new Fault('corrupt', `table ${table.name} has Iceberg format version ${version}`, {
      remedy: 'ticklake writes version 2: another engine changed it. Name another lake.',
    })
  checkSchema(metadata, table)
  ourSpec(metadata, table)
}

const bindingOf = (state: TableState | null) =>
  state && { source: state.metadata.properties[SOURCE] ?? null }

function toWrite(opened: Opened): ToWrite {
  const { log, source, table } = opened
  if (log !== null && source !== null) return { ...opened, log, source }
  throw new Fault('bug', `table ${table.name} was opened to write, without a log or a source`, {
    remedy: 'Report this with the stack.',
  })
}

const present = (state: TableState | null, table: Table): TableState => {
  if (state !== null) return state
  throw new Fault('unavailable', `table ${table.name} is not in the catalog yet`, {
    remedy: 'The catalog gave no answer: it is tried again.',
  })
}

const readOnly = (table: Table): never => {
  throw new Fault('invalid', `table ${table.name} was opened for reading`, {
    remedy: 'Only `ticklake land` and `ticklake up` write the lake.',
  })
}

const noWriter = (table: Table): never => {
  throw new Fault('bug', `table ${table.name} was opened without a Parquet writer`, {
    remedy: 'Report this with the stack.',
  })
}
