import { isoOf } from '../market/times.ts'
import { Fault } from '../flow/fault.ts'
import { FEED_LOG, RECORDS } from '../market/tables.ts'
import type {
  FileAnswer,
  FilesAnswer,
  LakeAnswer,
  LakeDay,
  SnapshotsAnswer,
} from './contract/lake.ts'
import { createFooters } from './footers.ts'
import { listingOf, type ListedFile, type Listing } from './lake-listing.ts'
import type { LakeSources } from './sources.ts'

const SNAPSHOTS_MAX = 1000 // land keeps 360; an answer of some hundred KB
/** How a request names the day of records without a time. */
const NO_DAY = 'none'

export type TableName = LakeAnswer['table']

/**
 * What is in the lake, as API and command line tell it: days and files from the manifests of the current snapshot,
 * one file from its footer. Faults: those of the lake; `invalid` for a day or a file that it does not have.
 */
export type LakeContents = {
  summary(table: TableName): Promise<LakeAnswer>
  files(table: TableName, day: string): Promise<FilesAnswer>
  /** By its id alone: what is no id of the snapshot names no file, whatever it looks like. */
  file(table: TableName, id: string): Promise<FileAnswer>
  /** The ids of the files whose id, name or location is `text`, or ends with it after a slash. */
  find(table: TableName, text: string): Promise<readonly string[]>
  snapshots(table: TableName): Promise<SnapshotsAnswer>
}

/** `dir`: for small files on their way, which are gone again at once; absent: the system's folder. */
export function lakeContents(open: () => Promise<LakeSources>, dir?: string): LakeContents {
  const footers = createFooters(dir)
  const kept = new Map<TableName, { readonly sources: LakeSources; readonly listing: Listing }>()
  const listingNow = async (table: TableName, sources: LakeSources): Promise<Listing> => {
    const lake = lakeOf(sources, table)
    const [newest] = await lake.history(1)
    const known = kept.get(table)
    if (known?.sources === sources && known.listing.snapshot === (newest?.id ?? null))
      return known.listing
    const { keyOf } = sources.store
    const of = { table: table === 'records' ? RECORDS : FEED_LOG, keyOf }
    const listing = listingOf(await lake.snapshot(), of)
    kept.set(table, { sources, listing })
    return listing
  }
  const listed = async (table: TableName) => await listingNow(table, await open())
  return {
    summary: async (table) => {
      const sources = await open()
      const snapshots = (await lakeOf(sources, table).history(SNAPSHOTS_MAX)).length
      return summaryOf(table, { ...sources, snapshots }, await listingNow(table, sources))
    },
    files: async (table, day) => {
      const { byDay } = await listed(table)
      return { files: (byDay.get(dayAsked(day)) ?? []).map(({ shown }) => shown) }
    },
    file: async (table, id) => {
      const sources = await open()
      const found = (await listingNow(table, sources)).byId.get(id)
      if (found === undefined) throw notThere(table)
      const { shown, location, day } = found
      const key = found.key ?? outside(found)
      const footer = await footers.read(sources.store, { key, location, bytes: shown.bytes })
      return { ...shown, day, ...footer }
    },
    find: async (table, text) => {
      const files = [...(await listed(table)).byId.values()]
      return files.filter((one) => isNamed(one, text)).map(({ shown }) => shown.id)
    },
    snapshots: async (table) => {
      const history = await lakeOf(await open(), table).history(SNAPSHOTS_MAX)
      return { snapshots: history.map(snapshotOf) }
    },
  }
}

const lakeOf = ({ records, feedLog }: LakeSources, table: TableName) =>
  table === 'records' ? records : feedLog

function summaryOf(
  table: TableName,
  { location, catalog, snapshots }: LakeSources & { readonly snapshots: number },
  { snapshot, days }: Listing,
): LakeAnswer {
  const total = (of: (day: LakeDay) => number) => days.reduce((sum, day) => sum + of(day), 0)
  return {
    table,
    location,
    catalog,
    snapshot,
    files: total(({ files }) => files),
    small_files: total(({ small_files }) => small_files),
    rows: total(({ rows }) => rows),
    deleted_rows: total(({ deleted_rows }) => deleted_rows),
    bytes: total(({ bytes }) => bytes),
    snapshots,
    days: [...days],
  }
}

/** A day as a request writes it; null: the null day. */
function dayAsked(text: string): string | null {
  if (text === NO_DAY) return null
  const date = /^\d{4}-\d{2}-\d{2}$/.test(text) ? new Date(`${text}T00:00:00Z`) : null
  if (date !== null && !Number.isNaN(date.getTime()) && date.toISOString().startsWith(text))
    return text
  throw new Fault('invalid', 'day: no day of the lake is written like this', {
    remedy: 'Write a day UTC, as in 2026-11-20, or none for records without a time.',
  })
}

const notThere = (table: TableName): Fault =>
  new Fault('invalid', `no data file of ${table} has this id now`, {
    remedy: 'Compaction may have written it anew: list the files of its day again.',
  })

function outside({ location }: ListedFile): never {
  throw new Fault('invalid', `${location} lies outside of the lake, and is not read`, {
    remedy: 'Another engine added it to the table: look at it there.',
  })
}

const isNamed = ({ shown, location }: ListedFile, text: string): boolean =>
  shown.id === text || shown.name === text || `/${location}`.endsWith(`/${text}`)

type Past = Awaited<ReturnType<LakeSources['records']['history']>>[number]

const snapshotOf = (past: Past): SnapshotsAnswer['snapshots'][number] => ({
  id: past.id,
  at: isoOf(past.atMs),
  operation: past.operation,
  added_rows: past.added.rows,
  removed_rows: past.removed.rows,
  added_files: past.added.files,
  removed_files: past.removed.files,
  total_rows: past.total.rows,
  total_files: past.total.files,
  by: past.by,
  landed: past.landed.map(({ log, partition, first, next }) => ({
    tape: log,
    tape_partition: partition,
    first_offset: first,
    next_offset: next,
  })),
})
