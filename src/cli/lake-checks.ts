import { mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Parts } from '../config/components.ts'
import { isFault, unreachable } from '../flow/fault.ts'
import { existing, ok, skipped, type Outcome } from './outcome.ts'
import { showCount } from './times.ts'

const OFFLINE = skipped('--offline')
const LAKE_WITHOUT_TAPE = 'it cannot be read without its tape'
const NO_LAKE = 'none yet; `ticklake land` makes it when there is a tape'

/** What the lake holds. What keeps its tape from being read is told by the check of the tape. */
export async function lake(parts: Parts, offline: boolean): Promise<Outcome> {
  const { places } = parts
  const onKafka = places.tape.kind === 'kafka'
  if (offline && (onKafka || places.lake.kind === 's3')) return OFFLINE
  const { openLakesToRead } = await import('../config/components.ts')
  const { openTapeToRead } = await import('../config/tapes.ts')
  await using opening = new AsyncDisposableStack()
  let tape
  try {
    tape = opening.use(await openTapeToRead(parts))
    await tape.source()
  } catch (error) {
    if (isFault(error, 'unavailable')) return skipped(onKafka ? LAKE_WITHOUT_TAPE : NO_LAKE)
    if (onKafka && isFault(error, 'invalid')) return skipped(LAKE_WITHOUT_TAPE)
    throw error
  }
  const lakes = opening.use(await openLakesToRead(parts, tape))
  const { id, files } = await lakes.records.snapshot()
  if (id === null) return skipped('nothing landed yet')
  const rows = files.reduce((sum, { rows }) => sum + rows, 0)
  return ok(`snapshot ${id}: ${showCount(files.length)} files, ${showCount(rows)} rows`)
}

/** A folder of its own for a probe, on the lake's disk; removed afterwards. */
async function probing<T>(parts: Parts, use: (dir: string) => Promise<T>): Promise<T> {
  const { data } = parts.places
  const parent = await existing(data)
  const dir = await mkdtemp(join(parent, '.ticklake-doctor-'))
  try {
    return await use(dir)
  } finally {
    await rm(dir, { recursive: true, force: true })
  }
}

/** Of two creators of one key exactly one must be told that it made it. */
export async function store(parts: Parts, offline: boolean): Promise<Outcome> {
  const { lake } = parts.places
  if (lake.kind === 'file') return await disk(parts)
  if (offline) return OFFLINE
  const { probeBucket } = await import('../config/probes.ts')
  return ok(`${lake.address} at ${await probeBucket(parts)} creates each object once`)
}

async function disk(parts: Parts): Promise<Outcome> {
  const { openProbeStore } = await import('../config/probes.ts')
  return probing(parts, async (dir) => {
    const probe = await openProbeStore(parts, dir)
    const body = new TextEncoder().encode('probe')
    const key = 'market/probe'
    const answers = await Promise.all([probe.create(key, body), probe.create(key, body)])
    const created = answers.filter((answer) => answer === 'created').length
    if (created === 1) return ok('creates each file once, and syncs it to the disk')
    return {
      word: 'fail',
      says: `two creators of one file: ${created} were told that they made it`,
      remedy: 'This disk cannot keep a lake: choose a local one with --lake.',
    }
  })
}

/** A swap from a pointer that is no longer current must lose. */
export async function catalog(parts: Parts, offline: boolean): Promise<Outcome> {
  const { catalog: place } = parts.places
  if (place.kind === 'sqlite') return await file(parts)
  return offline ? OFFLINE : await glue(parts, place.database)
}

async function glue(parts: Parts, database: string): Promise<Outcome> {
  const { probeGlue } = await import('../config/probes.ts')
  const { swap, where } = await probeGlue(parts)
  const at = `Glue at ${where}`
  switch (swap) {
    case 'atomic':
      return ok(`${at}: swaps a table’s pointer in ${database} atomically, and refuses a stale one`)
    case 'no database':
      return skipped(
        `${at} has no database ${database} yet; \`ticklake aws setup\` or \`land\` makes it`,
      )
    case 'may not create':
    case 'may not drop': {
      const what = swap === 'may not drop' ? 'drop' : 'make'
      return skipped(
        `${at} has the database ${database}; no swap was tried: this identity may not ${what} a table in it`,
      )
    }
    case 'overwrites':
      return {
        word: 'fail',
        says: `${at} takes a stale swap: two landers would overwrite each other`,
        remedy: 'It ignores VersionId: use AWS Glue, or TICKLAKE_CATALOG=sqlite:FILE.',
      }
    default:
      return unreachable(swap)
  }
}

async function file(parts: Parts): Promise<Outcome> {
  const { openProbeCatalog } = await import('../config/probes.ts')
  return probing(parts, async (dir) => {
    await using probe = await openProbeCatalog(join(dir, 'catalog.db'))
    const table = { namespace: 'market', name: 'probe' }
    const first = await probe.swap(table, null, 'file:///a')
    const pointer = await probe.load(table)
    const second = await probe.swap(table, pointer, 'file:///b')
    const stale = await probe.swap(table, pointer, 'file:///c')
    if (first === 'swapped' && second === 'swapped' && stale === 'lost')
      return ok('swaps a table’s pointer atomically, and refuses a stale one')
    return {
      word: 'fail',
      says: `swaps answered ${first}, ${second}, ${stale} instead of swapped, swapped, lost`,
      remedy: 'This disk cannot keep a catalog: choose a local one with --catalog.',
    }
  })
}
