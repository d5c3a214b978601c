import { createHash } from 'node:crypto'
import { isoOf } from '../market/times.ts'
import { COMPACTED_BYTES, fromSingleValue, type DataFile, type LakeSnapshot } from '../lake/lake.ts'
import type { Key } from '../lake/store.ts'
import type { Table } from '../market/tables.ts'
import type { LakeDay, LakeFile } from './contract/lake.ts'

const DAY_MS = 86_400_000
const MICROS = 1000 // µs a ms
const TIME_MS_MAX = 8.64e15 // what a Date can hold
const SMALL_BYTES = COMPACTED_BYTES / 10
/** Enough that two of a million files never share an id. */
const ID_DIGITS = 16

/** A data file as it is shown, and what it takes to read it. */
export type ListedFile = {
  readonly shown: LakeFile
  readonly day: string | null
  readonly location: string
  /** Null: it lies outside of the lake. */
  readonly key: Key | null
}

/** A snapshot's files as they are shown, from its manifests alone. */
export type Listing = {
  readonly snapshot: string | null
  /** Newest first, the null day last. */
  readonly days: readonly LakeDay[]
  readonly byDay: ReadonlyMap<string | null, readonly ListedFile[]>
  readonly byId: ReadonlyMap<string, ListedFile>
}

type Of = { readonly table: Table; readonly keyOf: (location: string) => Key | null }

export function listingOf(snapshot: LakeSnapshot, of: Of): Listing {
  const byDay = new Map<string | null, readonly ListedFile[]>()
  const byId = new Map<string, ListedFile>()
  const days: LakeDay[] = []
  const grouped = [...Map.groupBy(snapshot.files, ({ day }) => day)].sort(
    ([a], [b]) => (b ?? Number.NEGATIVE_INFINITY) - (a ?? Number.NEGATIVE_INFINITY),
  )
  for (const [number, files] of grouped) {
    const day = dayText(number)
    const listed = files.map((file) => listedFile(file, day, of)).sort(byTime)
    byDay.set(day, listed)
    for (const one of listed) byId.set(one.shown.id, one)
    days.push(dayOf(day, files))
  }
  return { snapshot: snapshot.id, days, byDay, byId }
}

const dayText = (day: number | null): string | null =>
  day === null ? null : new Date(day * DAY_MS).toISOString().slice(0, 10)

function dayOf(day: string | null, files: readonly DataFile[]): LakeDay {
  const small = files.filter(({ sizeBytes }) => sizeBytes < SMALL_BYTES).length
  return {
    day,
    files: files.length,
    small_files: files.length > 1 ? small : 0,
    rows: sum(files, ({ rows }) => rows),
    deleted_rows: struckRows(files),
    bytes: sum(files, ({ sizeBytes }) => sizeBytes),
  }
}

/** One delete file may speak of many data files and is counted once. */
function struckRows(files: readonly DataFile[]): number {
  const struck = new Map<string, number>()
  for (const { deletes = [] } of files)
    for (const { location, rows } of deletes) struck.set(location, rows)
  return [...struck.values()].reduce((total, rows) => total + rows, 0)
}

function listedFile(file: DataFile, day: string | null, { table, keyOf }: Of): ListedFile {
  const { location, rows, sizeBytes, deletes = [] } = file
  const key = keyOf(location)
  const symbol = fieldOf(table, 'symbol')
  const time = fieldOf(table, table.dayOf)
  const shown = {
    id: createHash('sha256').update(location).digest('hex').slice(0, ID_DIGITS),
    name: nameOf(table, key) ?? location,
    rows,
    bytes: sizeBytes,
    deleted_rows: Math.min(
      rows,
      sum(deletes, (one) => one.rows),
    ),
    from: momentOf(file.lower.get(time), Math.floor),
    to: momentOf(file.upper.get(time), Math.ceil),
    first_symbol: textOf(file.lower.get(symbol)),
    last_symbol: textOf(file.upper.get(symbol)),
  }
  return { shown, day, location, key }
}

/** Below the table's folder, which is `<namespace>/<table>`; null: it lies elsewhere. */
function nameOf({ name }: Table, key: Key | null): string | null {
  const [namespace, table, ...rest] = key?.split('/') ?? []
  return namespace !== undefined && table === name && rest.length > 0 ? rest.join('/') : null
}

const fieldOf = ({ fields }: Table, name: string): number =>
  fields.find((one) => one.name === name)?.id ?? -1

const textOf = (bound: Uint8Array | undefined): string | null => {
  const value = bound === undefined ? null : fromSingleValue('string', bound)
  return typeof value === 'string' ? value : null
}

/** A bound of a time, to the ms outwards. */
function momentOf(bound: Uint8Array | undefined, round: (ms: number) => number): string | null {
  const value = bound === undefined ? null : fromSingleValue('timestamp', bound)
  if (typeof value !== 'bigint') return null
  const ms = round(Number(value) / MICROS)
  return Math.abs(ms) <= TIME_MS_MAX ? isoOf(ms) : null
}

const byTime = ({ shown: a }: ListedFile, { shown: b }: ListedFile): number =>
  compare(a.from ?? '', b.from ?? '') || compare(a.name, b.name)

const compare = (a: string, b: string): number => (a < b ? -1 : Number(a > b))

const sum = <T>(of: readonly T[], what: (one: T) => number): number =>
  of.reduce((total, one) => total + what(one), 0)
