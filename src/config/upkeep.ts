import { rm } from 'node:fs/promises'
import { Fault } from '../flow/fault.ts'
import type { IcebergLake } from '../lake/iceberg-lake.ts'
import type { Store } from '../lake/store.ts'
import type { Workshop } from '../lake/upkeep/replace.ts'
import type { Rewriter } from '../lake/upkeep/rewriter.ts'
import type { Run } from '../market/records.ts'
import { FEED_LOG, RECORDS, type Rows, type Table } from '../market/tables.ts'
import type { Log, Tape } from '../tape/tape.ts'
import { openTables, tradeDecoder, type Parts } from './components.ts'
import { lakeText, namespaceOf } from './lake-places.ts'
import { openLakeParts } from './lakes.ts'
import { openTapeToRead } from './tapes.ts'

export type TableName = 'records' | 'feed_log'
const TABLES: Readonly<Record<TableName, Table>> = { records: RECORDS, feed_log: FEED_LOG }
const MB = 1_000_000
// What sorts beside it is the lander's own writing.
const THREADS = 1

/** Where files are written anew; the engine is opened by the first rewrite. */
export type Workshops = AsyncDisposable & {
  of(table: TableName): Promise<Workshop>
  /** Gives the engine's memory back, until it is needed again. */
  rest(): Promise<void>
}

/** `dir` is a folder of this process alone, on the lake's own disk where the lake is on one. */
export function openWorkshops(
  { loaded }: Pick<Parts, 'loaded'>,
  { store, dir, isLocal }: { readonly store: Store; readonly dir: string; isLocal: boolean },
): Workshops {
  const rewriters = new Map<TableName, Rewriter>()
  const rest = async () => {
    const open = [...rewriters.values()]
    rewriters.clear()
    for (const rewriter of open) await rewriter[Symbol.asyncDispose]()
  }
  const pathOf = (location: string): string | null => {
    const key = isLocal ? store.keyOf(location) : null
    return key === null ? null : store.location(key)
  }
  return {
    of: async (name) => {
      const { duckdbRewriter } = await import('../lake/upkeep/duckdb-rewriter.ts')
      const memoryMb = Math.floor(loaded.settings['land.upkeep_memory'] / MB)
      const how = { table: TABLES[name], dir, memoryMb, threads: THREADS }
      const rewriter = rewriters.get(name) ?? (await duckdbRewriter(how))
      rewriters.set(name, rewriter)
      return { rewriter, dir, pathOf }
    },
    rest,
    [Symbol.asyncDispose]: rest,
  }
}

/** A table that there is, the log that lands in it, and the rows that its records make. */
export type KeptTable = {
  readonly name: TableName
  readonly table: Table
  readonly lake: IcebergLake
  readonly log: Log
  readonly rows: (run: Run) => Rows
}
export type Upkeep = AsyncDisposable & {
  readonly tape: Tape
  readonly tables: readonly KeptTable[]
  readonly workshops: Workshops
}

/**
 * The tables that there are, to be taken care of while others land in them: no lease is taken. Faults:
 * `unavailable` where there is no tape yet, or nothing has landed.
 */
export async function openUpkeep(parts: Parts): Promise<Upkeep> {
  const { recordRows, feedLogRows } = await import('../market/rows.ts')
  const { stagingFolder } = await import('../lake/staging-folder.ts')
  await using opening = new AsyncDisposableStack()
  const tape = opening.use(await openTapeToRead(parts))
  const there = await tablesThere(parts)
  if (there.length === 0) throw nothingLanded(parts)
  const source = (await tape.source()) ?? parts.places.source
  const opened = opening.use(await openTables(parts, { tape, source, mode: 'write' }))
  const decode = await tradeDecoder()
  const tables: KeptTable[] = []
  for (const name of there) {
    const lake = await opened.lake(TABLES[name])
    const isTrades = name === 'records'
    const rows = isTrades ? (run: Run) => recordRows(decode(run), source) : feedLogRows
    const log = isTrades ? tape.trades : tape.feed
    tables.push({ name, table: TABLES[name], lake, log, rows })
  }
  const dir = await stagingFolder(opened.stagingDir)
  opening.defer(() => rm(dir, { recursive: true, force: true }))
  const { store } = opened
  const isLocal = parts.places.lake.kind === 'file'
  const workshops = opening.use(openWorkshops(parts, { store, dir, isLocal }))
  const closing = opening.move()
  return { tape, tables, workshops, [Symbol.asyncDispose]: () => closing.disposeAsync() }
}

/** Asked first: whoever only wants to look makes neither folder nor table. */
async function tablesThere(parts: Parts): Promise<readonly TableName[]> {
  await using opened = await openLakeParts(parts, 'read')
  const names: TableName[] = []
  for (const name of Object.keys(TABLES) as TableName[])
    if ((await opened.catalog.load({ namespace: namespaceOf(parts.places), name })) !== null)
      names.push(name)
  return names
}

const nothingLanded = ({ places }: Parts): Fault =>
  new Fault('unavailable', `the lake in ${lakeText(places)} holds no table yet`, {
    remedy: 'Nothing has landed: start `ticklake land` or `ticklake up`, or name another --lake.',
  })
