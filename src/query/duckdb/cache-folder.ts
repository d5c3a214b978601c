import { createHash, randomUUID } from 'node:crypto'
import { link, mkdir, open, readdir, rename, rm, stat, utimes } from 'node:fs/promises'
import { hostname } from 'node:os'
import { dirname, join } from 'node:path'
import { Fault } from '../../flow/fault.ts'
import type { Located } from '../../duckdb/duckdb.ts'

/** Files that are whole, by their names; below it each query's own links to those that it reads. */
const FILES = 'files'
const HELD = 'held'
// What a process that is gone left behind, or one of another host that wrote nothing for so long.
const ABANDONED_MS = 86_400_000

/**
 * A folder of whole copies of immutable files, named by location and size, that any number of processes fill
 * and read side by side. A query reads through links of its own, so whoever removes a file takes it from
 * nobody; a file with more links than one is in use. Of the others the least recently used goes first when room
 * is made: the time of a file is when it was last taken.
 */
export type CacheFolder = {
  /** Removes copies half written, and links, of processes that are gone. */
  sweep(): Promise<void>
  has(file: Located): Promise<boolean>
  /** A copy under way; `keep` gives it its name, whole or not at all. */
  write(file: Located): Promise<Copy>
  /** Links files that are there; null: one of them is not. */
  link(files: readonly Located[]): Promise<Links | null>
  /** Removes files that nobody uses, but none of `spared`, until `room.bytes` more fit; false: they do not. */
  makeRoom(room: Room, spared: readonly Located[]): Promise<boolean>
}
export type Room = { readonly bytes: number; readonly bytesMax: number }
export type Copy = AsyncDisposable & {
  append(bytes: Uint8Array): Promise<void>
  keep(): Promise<void>
}
export type Links = { readonly dir: string; release(): Promise<void> }

export const nameOf = ({ location, sizeBytes }: Located): string =>
  `${createHash('sha256').update(location).digest('hex').slice(0, 40)}-${sizeBytes}.parquet`

export async function openCacheFolder(dir: string): Promise<CacheFolder> {
  const [files, held] = [join(dir, FILES), join(dir, HELD)]
  const pathOf = (file: Located) => join(files, nameOf(file))
  await attempt(dir, async () => {
    await mkdir(files, { recursive: true })
    await mkdir(held, { recursive: true })
  })
  return {
    sweep: () => attempt(dir, () => sweep([files, held])),
    has: async (file) => (await stat(pathOf(file)).catch(() => null))?.size === file.sizeBytes,
    write: (file) => attempt(dir, () => writeCopy(pathOf(file), dir)),
    link: (wanted) => attempt(dir, () => linkAll(wanted, { pathOf, held })),
    makeRoom: (room, spared) =>
      attempt(dir, () => makeRoom(files, room, new Set(spared.map(nameOf)))),
  }
}

/** Removes all that the cache holds, also what a running query has yet to open, which then fails or asks again. */
export async function emptyFileCache(dir: string): Promise<void> {
  await attempt(dir, async () => {
    for (const folder of [FILES, HELD].map((name) => join(dir, name)))
      for (const name of await readdir(folder).catch(() => []))
        await rm(join(folder, name), { recursive: true, force: true })
  })
}

/** Of this process: whoever finds it knows whether its owner lives. */
const ownName = (): string =>
  `${hostname().replaceAll(/[^A-Za-z0-9.]/g, '_')}-${process.pid}-${randomUUID()}`

async function writeCopy(path: string, dir: string): Promise<Copy> {
  const part = `${path}.${ownName()}.part`
  await mkdir(dirname(path), { recursive: true }) // somebody may have removed the folder
  const file = await open(part, 'wx')
  return {
    append: (bytes) => attempt(dir, () => file.writeFile(bytes)),
    keep: () =>
      attempt(dir, async () => {
        await file.sync() // a name on the disk before the bytes would be a whole file of zeros after a power cut
        await rename(part, path)
      }),
    [Symbol.asyncDispose]: async () => {
      await file.close()
      await rm(part, { force: true })
    },
  }
}

type Linking = { readonly pathOf: (file: Located) => string; readonly held: string }

async function linkAll(
  wanted: readonly Located[],
  { pathOf, held }: Linking,
): Promise<Links | null> {
  const dir = join(held, ownName())
  await mkdir(dir, { recursive: true })
  const release = () => rm(dir, { recursive: true, force: true })
  try {
    const now = new Date()
    for (const file of wanted) {
      const path = join(dir, nameOf(file))
      await link(pathOf(file), path)
      await utimes(path, now, now)
    }
    return { dir, release }
  } catch (error) {
    await release()
    if (codeOf(error) === 'ENOENT') return null
    throw error
  }
}

async function makeRoom(
  files: string,
  { bytes, bytesMax }: Room,
  spared: ReadonlySet<string>,
): Promise<boolean> {
  const entries: { name: string; size: number; usedMs: number; links: number }[] = []
  for (const name of await readdir(files).catch(() => [])) {
    const found = await stat(join(files, name)).catch(() => null) // removed meanwhile
    if (found !== null)
      entries.push({ name, size: found.size, usedMs: found.mtimeMs, links: found.nlink })
  }
  let total = entries.reduce((sum, { size }) => sum + size, 0)
  const idle = entries
    .filter(({ name, links }) => links === 1 && !name.endsWith('.part') && !spared.has(name))
    .toSorted((a, b) => a.usedMs - b.usedMs)
  for (const { name, size } of idle) {
    if (total + bytes <= bytesMax) break
    await rm(join(files, name), { force: true })
    total -= size
  }
  return total + bytes <= bytesMax
}

async function sweep(folders: readonly string[]): Promise<void> {
  const host = hostname().replaceAll(/[^A-Za-z0-9.]/g, '_')
  for (const folder of folders)
    for (const name of await readdir(folder)) {
      const owner = /(?:^|parquet\.)([A-Za-z0-9._]+)-(\d+)-[0-9a-f-]{36}(?:\.part)?$/.exec(name)
      if (owner === null) continue
      const path = join(folder, name)
      const gone =
        owner[1] === host
          ? !isRunning(Number(owner[2]))
          : ((await stat(path).catch(() => null))?.mtimeMs ?? 0) < Date.now() - ABANDONED_MS
      if (gone) await rm(path, { recursive: true, force: true })
    }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return codeOf(error) !== 'ESRCH' // not ours to signal, but there
  }
}

async function attempt<T>(dir: string, act: () => Promise<T>): Promise<T> {
  try {
    return await act()
  } catch (error) {
    if (error instanceof Fault) throw error
    const full = codeOf(error) === 'ENOSPC' || codeOf(error) === 'EDQUOT'
    throw new Fault('unavailable', `the cache ${dir}: ${String(error)}`, {
      remedy: full
        ? 'Free space on that disk, or lower query.cache.'
        : 'Make the folder one that this user may write, on a disk of this machine that has hard links.',
      cause: error,
    })
  }
}

const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error ? String(error.code) : ''
