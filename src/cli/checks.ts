import { existsSync } from 'node:fs'
import { access, constants, mkdtemp, rm, statfs } from 'node:fs/promises'
import { createServer } from 'node:net'
import { basename, dirname, join } from 'node:path'
import type { Parts } from '../config/components.ts'
import { feedAddress } from '../config/places.ts'
import { isFault } from '../flow/fault.ts'
import { feedReach } from './feed-reach.ts'
import { cellText } from './formats.ts'
import { showBytes, showCount } from './times.ts'

/** What a check found: one line, and what to do where it is not well. */
export type Outcome = {
  /** Where it is not that of the check. */
  readonly name?: string
  readonly word: 'ok' | 'warn' | 'fail' | 'skip'
  readonly says: string
  readonly remedy?: string
}
export type Check = {
  readonly name: string
  readonly run: (
    parts: Parts,
    how: { readonly offline: boolean; readonly signal: AbortSignal },
  ) => Promise<Outcome | readonly Outcome[]>
}

/** Less free disk than this is worth a word; than the second, a failure. A busy day is about 2 GB. */
const DISK_WARN_BYTES = 10e9
const DISK_FAIL_BYTES = 1e9

const ok = (says: string): Outcome => ({ word: 'ok', says })

/** In the order in which things depend on each other. */
export const CHECKS: readonly Check[] = [
  {
    name: 'runtime',
    run: async () => ok(`Node ${process.versions.node} on ${process.platform} ${process.arch}`),
  },
  {
    name: 'settings',
    run: async ({ loaded }) =>
      ok(
        existsSync(loaded.file)
          ? `read from ${loaded.file}`
          : `no ${basename(loaded.file)} here: flags, environment and defaults`,
      ),
  },
  { name: 'key', run: async (parts) => key(parts) },
  { name: 'folder', run: async ({ places }) => folder(places.data) },
  { name: 'disk', run: async ({ places }) => disk(places.data) },
  {
    name: 'feed',
    run: (parts, how) => (how.offline ? skipped('--offline') : feedReach(parts, how.signal)),
  },
  { name: 'tape', run: (parts, { offline }) => tape(parts, offline) },
  { name: 'lake', run: (parts, { offline }) => lake(parts, offline) },
  { name: 'store', run: store },
  { name: 'catalog', run: catalog },
  { name: 'engine', run: engine },
  { name: 'port', run: async ({ loaded, places }) => port(loaded.settings.port, places.status) },
]

const skipped = async (why: string): Promise<Outcome> => ({ word: 'skip', says: why })

function key({ loaded }: Parts): Outcome {
  const origin = loaded.origins.get('finnhub.token')
  if (loaded.settings['finnhub.token'] !== null) return ok(`the Finnhub key is set (${origin})`)
  const { kind } = feedAddress(loaded)
  if (kind !== 'finnhub')
    return {
      word: 'skip',
      says: `no key; the feed is ${kind === 'url' ? 'another server' : 'simulated'}`,
    }
  return {
    word: 'fail',
    says: 'the feed is finnhub and no key is set',
    remedy: 'Set FINNHUB_TOKEN or FINNHUB_TOKEN_FILE; a key is free at finnhub.io.',
  }
}

/** The nearest folder above that exists. */
async function existing(dir: string): Promise<string> {
  for (let at = dir; ; at = dirname(at)) {
    try {
      await access(at)
      return at
    } catch {
      if (at === dirname(at)) return at
    }
  }
}

async function folder(data: string): Promise<Outcome> {
  const at = await existing(data)
  await access(at, constants.W_OK | constants.X_OK)
  return ok(at === data ? `${data} can be written` : `${data} can be made`)
}

async function disk(data: string): Promise<Outcome> {
  const { bavail, bsize } = await statfs(await existing(data))
  const free = bavail * bsize
  const says = `${showBytes(free)} free`
  const remedy = 'Make room, or choose another --data.'
  if (free < DISK_FAIL_BYTES) return { word: 'fail', says, remedy }
  return free < DISK_WARN_BYTES ? { word: 'warn', says, remedy } : ok(says)
}

async function tape(parts: Parts, offline: boolean): Promise<readonly Outcome[]> {
  if (parts.places.tape.kind === 'kafka') {
    if (offline) return [{ word: 'skip', says: '--offline' }]
    const { kafkaTape } = await import('./kafka-checks.ts')
    return kafkaTape(parts)
  }
  const { openTapeToRead } = await import('../config/tapes.ts')
  const { heldBy } = await import('./tape-check.ts')
  try {
    await using opened = await openTapeToRead(parts)
    return [await heldBy(parts, opened, 'survives a power cut (fsync)')]
  } catch (error) {
    if (!isFault(error, 'unavailable')) throw error
    return [{ word: 'skip', says: 'none yet; the first `ticklake up` or `record` makes it' }]
  }
}

async function lake(parts: Parts, offline: boolean): Promise<Outcome> {
  const onKafka = parts.places.tape.kind === 'kafka'
  if (offline && onKafka) return skipped('--offline')
  const { openLakesToRead } = await import('../config/components.ts')
  const { openTapeToRead } = await import('../config/tapes.ts')
  try {
    await using opened = await openTapeToRead(parts)
    await using lakes = await openLakesToRead(parts, opened)
    const { id, files } = await lakes.records.snapshot()
    if (id === null) return { word: 'skip', says: 'nothing landed yet' }
    return ok(
      `snapshot ${id}: ${showCount(files.length)} files, ${showCount(files.reduce((n, { rows }) => n + rows, 0))} rows`,
    )
  } catch (error) {
    // What keeps a tape on Kafka from being read is told by its own check.
    if (onKafka && isFault(error, 'invalid')) return skipped(LAKE_WITHOUT_TAPE)
    if (!isFault(error, 'unavailable')) throw error
    return skipped(onKafka ? LAKE_WITHOUT_TAPE : NO_LAKE)
  }
}

const LAKE_WITHOUT_TAPE = 'it cannot be read without its tape'
const NO_LAKE = 'none yet; `ticklake land` makes it when there is a tape'

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
async function store(parts: Parts): Promise<Outcome> {
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
async function catalog(parts: Parts): Promise<Outcome> {
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

async function engine(): Promise<Outcome> {
  const { openDuckdb } = await import('../duckdb/duckdb.ts')
  await using duckdb = await openDuckdb({ threads: 1, memoryMb: 64, spillDir: null, readable: [] })
  using connection = await duckdb.connect()
  const [row] = await connection.all('SELECT version()')
  return ok(`DuckDB ${cellText(row?.[0] ?? null)} loads`)
}

async function port(wanted: number, statusDir: string): Promise<Outcome> {
  if (wanted === 0) return ok('any free one')
  const probe = createServer()
  const free = await new Promise<boolean>((resolve) => {
    probe.once('error', () => resolve(false))
    probe.listen(wanted, '127.0.0.1', () => probe.close(() => resolve(true)))
  })
  if (free) return ok(`${wanted} is free`)
  const { STATUS_STALE_MS, readStatuses } = await import('../serve/status.ts')
  const statuses = await readStatuses(statusDir)
  const ours = statuses.some(
    ({ part, at }) => part === 'serve' && Date.now() - at < STATUS_STALE_MS,
  )
  if (ours) return ok(`${wanted} is taken, and ticklake is serving`)
  return {
    word: 'warn',
    says: `${wanted} is taken by another program`,
    remedy: '`up` takes a free one then; or choose another --port.',
  }
}
