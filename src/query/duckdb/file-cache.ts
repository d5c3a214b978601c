import { join } from 'node:path'
import { holdLocal, type Held, type Hold, type Located } from '../../duckdb/duckdb.ts'
import { unlessAborted } from '../../flow/aborted.ts'
import type { Clock } from '../../flow/clock.ts'
import { Fault } from '../../flow/fault.ts'
import { silent, type Logger } from '../../flow/log.ts'
import type { Random } from '../../flow/random.ts'
import { retry } from '../../flow/retry.ts'
import { together } from '../../flow/together.ts'
import type { Store } from '../../lake/store.ts'
import { nameOf, openCacheFolder, type CacheFolder } from './cache-folder.ts'

export { emptyFileCache } from './cache-folder.ts'

const FILES_AT_ONCE = 6 // enough to hide a store's latency
const PIECE_BYTES = 8_000_000 // in memory are so many for each file at once
const TRIES = { triesMax: 4, baseMs: 100, capMs: 2_000 } as const // a store that is away longer ends the query
const LINK_TRIES_MAX = 3 // files that other processes took away again before they were linked
const TELL_EVERY_MS = 1_000

/** Bytes fetched of those that a query waits for; what was there already is not among them. */
export type Fetching = { readonly bytes: number; readonly bytesTotal: number }

export type FileCacheOptions = {
  /** A folder of this machine; any number of processes may name the same. */
  readonly dir: string
  readonly store: Pick<Store, 'read' | 'keyOf'>
  /** The most that it holds, but for moments in which several processes fill it. */
  readonly bytesMax: number
  readonly clock: Clock
  readonly random: Random
  readonly log?: Logger
  /** Told every second of a fetch, and at its end. */
  readonly progress?: (fetching: Fetching) => void
}

/**
 * Fetches whole files through the store and keeps them, so that the next query finds them. The least recently
 * used go first; those that a query holds, in whatever process, stay. Faults of `hold`: those of the store;
 * `invalid` where the files together are larger than the cache, or lie outside of the store; `unavailable`
 * where other queries hold too much of it, or its disk is full; `closed`.
 */
export async function openFileCache(options: FileCacheOptions): Promise<{ readonly hold: Hold }> {
  const { bytesMax, store, log = silent } = options
  const folder = await openCacheFolder(options.dir)
  await folder.sweep()
  const cache: Cache = { ...options, log, folder, fetching: new Map() }
  return {
    hold: async (files, signal) => {
      const bytes = files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)
      if (bytes > bytesMax) throw tooLarge(bytes, bytesMax)
      for (const { location } of files) if (store.keyOf(location) === null) throw outside(location)
      return await hold(cache, files, signal)
    },
  }
}

type Cache = Required<Omit<FileCacheOptions, 'progress'>> &
  Pick<FileCacheOptions, 'progress'> & {
    readonly folder: CacheFolder
    /** Copies under way in this process, by name. */
    readonly fetching: Map<string, Promise<void>>
  }

async function hold(cache: Cache, files: readonly Located[], signal: AbortSignal): Promise<Held> {
  if (files.length === 0) return await holdLocal(files, signal)
  for (let attempt = 1; ; attempt++) {
    await fetchAll(cache, files, signal)
    const links = await cache.folder.link(files)
    if (links !== null) {
      const paths = new Map(files.map((file) => [file.location, join(links.dir, nameOf(file))]))
      return { pathOf: (location) => paths.get(location) ?? location, release: links.release }
    }
    if (attempt >= LINK_TRIES_MAX) throw crowded(cache)
  }
}

/** Fetches what is not there, each file once in this process. */
async function fetchAll(
  cache: Cache,
  files: readonly Located[],
  signal: AbortSignal,
): Promise<void> {
  const missing: Located[] = []
  for (const file of files) if (!(await cache.folder.has(file))) missing.push(file)
  if (missing.length === 0) return
  const bytesTotal = missing.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)
  const room = { bytes: bytesTotal, bytesMax: cache.bytesMax }
  if (!(await cache.folder.makeRoom(room, files))) throw crowded(cache)
  const tell = teller(cache, { files: missing.length, bytesTotal })
  const failed = new AbortController()
  const either = AbortSignal.any([signal, failed.signal])
  const queue = missing.values()
  let first: { readonly error: unknown } | null = null // the others end because of it
  const worker = async () => {
    try {
      for (const file of queue) await fetchOnce({ cache, file, tell: tell.add, signal: either })
    } catch (error) {
      first ??= { error }
      throw error
    }
  }
  try {
    await together(Array(FILES_AT_ONCE).fill(worker), failed)
  } catch (error) {
    throw (first ?? { error }).error
  } finally {
    tell.end()
  }
}

type Fetch = {
  readonly cache: Cache
  readonly file: Located
  readonly tell: (bytes: number) => void
  readonly signal: AbortSignal
}

/** Waits for whoever fetches the file already; where that fails, fetches it itself. */
async function fetchOnce(fetch: Fetch): Promise<void> {
  const { cache, file, tell, signal } = fetch
  const name = nameOf(file)
  const other = cache.fetching.get(name)
  if (other !== undefined) {
    await unlessAborted(
      other.catch(() => undefined),
      signal,
      cancelled,
    )
    if (await cache.folder.has(file)) return tell(file.sizeBytes)
    return await fetchOnce(fetch)
  }
  const own = fetchFile(fetch)
  cache.fetching.set(name, own)
  try {
    await own
  } finally {
    cache.fetching.delete(name)
  }
}

async function fetchFile({ cache, file, tell, signal }: Fetch): Promise<void> {
  const { store, folder, clock, random } = cache
  const key = store.keyOf(file.location)
  if (key === null) throw outside(file.location)
  await using copy = await folder.write(file)
  for (let first = 0; first < file.sizeBytes;) {
    if (signal.aborted) throw cancelled()
    const range = { first, next: Math.min(first + PIECE_BYTES, file.sizeBytes) }
    const reading = retry(() => store.read(key, range), { ...TRIES, clock, random, signal })
    const bytes = await unlessAborted(reading, signal, cancelled)
    if (bytes.length !== range.next - range.first) throw short(file)
    await copy.append(bytes)
    tell(bytes.length)
    first = range.next
  }
  await copy.keep()
}

/** Tells progress every second, and logs a fetch that took longer. */
function teller(
  { clock, progress, log }: Cache,
  { files, bytesTotal }: { readonly files: number; readonly bytesTotal: number },
) {
  const startMs = clock.monotonic()
  let bytes = 0
  let toldMs = startMs
  return {
    add: (more: number) => {
      bytes += more
      const now = clock.monotonic()
      if (now - toldMs < TELL_EVERY_MS) return
      toldMs = now
      progress?.({ bytes, bytesTotal })
    },
    end: () => {
      const ms = Math.round(clock.monotonic() - startMs)
      if (toldMs > startMs) progress?.({ bytes, bytesTotal })
      log(ms < TELL_EVERY_MS ? 'debug' : 'info', 'fetched files of the lake', { files, bytes, ms })
    },
  }
}

const megabytes = (bytes: number): string => `${Math.ceil(bytes / 1_000_000)} MB`

const tooLarge = (bytes: number, bytesMax: number): Fault =>
  new Fault(
    'invalid',
    `the query needs ${megabytes(bytes)} of files, the cache holds at most ${megabytes(bytesMax)}`,
    {
      remedy:
        'Ask for a day or a symbol, raise query.cache, or ask where the files are: --engine athena or --engine trino.',
    },
  )

const crowded = ({ dir, bytesMax }: Cache): Fault =>
  new Fault(
    'unavailable',
    `other queries hold too much of the cache ${dir} (at most ${megabytes(bytesMax)})`,
    { remedy: 'Ask again when they have ended, or raise query.cache.' },
  )

const outside = (location: string): Fault =>
  new Fault('invalid', `${location} lies outside of the lake`, {
    remedy: 'Another engine added a file from elsewhere: ask there, or let it rewrite the files.',
  })

const short = ({ location, sizeBytes }: Located): Fault =>
  new Fault('corrupt', `${location} is shorter than the ${sizeBytes} bytes that the table says`, {
    remedy: 'Something replaced or cut the file: restore it, or roll the table back.',
  })

const cancelled = (): Fault =>
  new Fault('closed', 'the query was cancelled while it fetched files', {
    remedy: 'Run it again if it was not meant to be.',
  })
