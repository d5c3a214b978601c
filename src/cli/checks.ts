import { existsSync } from 'node:fs'
import { access, constants, statfs } from 'node:fs/promises'
import { basename } from 'node:path'
import type { Parts } from '../config/components.ts'
import { feedAddress } from '../config/places.ts'
import { isFault } from '../flow/fault.ts'
import { feedReach } from './feed-reach.ts'
import { cellText } from '../query/row-text.ts'
import { catalog, lake, store } from './lake-checks.ts'
import { existing, ok, skipped, type Check, type Outcome } from './outcome.ts'
import { portState } from './ports.ts'
import { showBytes } from './times.ts'

/** Less free disk than this is worth a word; than the second, a failure. A busy day is about 2 GB. */
const DISK_WARN_BYTES = 10e9
const DISK_FAIL_BYTES = 1e9

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
    run: async (parts, how) =>
      how.offline ? skipped('--offline') : await feedReach(parts, how.signal),
  },
  { name: 'tape', run: (parts, { offline }) => tape(parts, offline) },
  { name: 'lake', run: (parts, { offline }) => lake(parts, offline) },
  { name: 'store', run: (parts, { offline }) => store(parts, offline) },
  { name: 'catalog', run: (parts, { offline }) => catalog(parts, offline) },
  { name: 'engine', run: engine },
  { name: 'port', run: port },
]

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

async function engine(): Promise<Outcome> {
  const { openDuckdb } = await import('../duckdb/duckdb.ts')
  await using duckdb = await openDuckdb({ threads: 1, memoryMb: 64, spillDir: null, readable: [] })
  using connection = await duckdb.connect()
  const [row] = await connection.all('SELECT version()')
  return ok(`DuckDB ${cellText(row?.[0] ?? null)} loads`)
}

async function port(parts: Parts): Promise<Outcome> {
  const { accessTo } = await import('./serve.ts')
  await accessTo(parts)
  const { host, port: wanted } = parts.loaded.settings
  if (wanted === 0) return ok('any free one')
  const state = await portState(host, wanted)
  if (state === 'free') return ok(`${wanted} is free`)
  if (state !== 'taken')
    return {
      word: 'fail',
      says: `the page cannot listen on ${host} port ${wanted}: ${state.unusable}`,
      remedy: 'Choose another --port, or a --host that is an address of this machine.',
    }
  const { STATUS_STALE_MS, readStatuses } = await import('../serve/status.ts')
  const statuses = await readStatuses(parts.places.status)
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
