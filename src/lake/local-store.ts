import { constants } from 'node:fs'
import {
  copyFile,
  link,
  mkdir,
  open,
  readdir,
  rename,
  rm,
  stat,
  type FileHandle,
} from 'node:fs/promises'
import { dirname, join, relative, resolve, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Clock } from '../flow/clock.ts'
import { Fault } from '../flow/fault.ts'
import type { Random } from '../flow/random.ts'
import { uuid } from './iceberg/names.ts'
import { checkKey, storeFault } from './store-fault.ts'
import type { Entry, Key, LocalFile, Store } from './store.ts'

/** Where files are written before they get their name; on the same filesystem as the lake. */
const STAGING = '.staging'
/** What a folder must have, beside being empty, to be taken for a lake. */
const LAKE_ENTRIES = ['catalog.db', 'market', STAGING] as const
// A staged file this old belongs to nobody: a batch older than an hour is never committed.
const STAGED_MS_MAX = 86_400_000

export type LocalStore = Store & {
  /** For whoever writes local files that are to be stored: from here they are moved, not copied. */
  readonly stagingDir: string
}

export type LocalStoreOptions = {
  readonly dir: string
  readonly mode: 'write' | 'read'
  readonly clock: Clock
  readonly random: Random
}

/**
 * Files below a folder. Guarantees: a file appears whole or not at all and is on the disk (fsync of file and
 * folders) when `create` resolves. Throws `invalid` where `dir` is a file, or a folder that holds other things.
 */
export async function openLocalStore({
  dir,
  mode,
  clock,
  random,
}: LocalStoreOptions): Promise<LocalStore> {
  const root = resolve(dir)
  await checkFolder(root)
  const stagingDir = join(root, STAGING)
  if (mode === 'write') {
    await attempt(root, () => mkdir(stagingDir, { recursive: true }))
    await attempt(root, () => sweep(stagingDir, clock.now() - STAGED_MS_MAX))
  }
  const pathOf = (key: Key) => join(root, ...checkKey(key).split('/'))
  const folders = new Set<string>() // known to exist, with their names on the disk
  return {
    stagingDir,
    location: (key) => (key === '' ? root : pathOf(key)),
    keyOf: (location) => keyBelow(root, location),
    create: (key, body) =>
      attempt(pathOf(key), async () => {
        const path = pathOf(key)
        await makeFolder(dirname(path), { root, folders })
        const staged = join(stagingDir, uuid(random))
        try {
          if (!(body instanceof Uint8Array)) return await placeLocal(body, { staged, path })
          await writeWhole(staged, body)
          return await place(staged, path)
        } catch (error) {
          folders.clear() // whoever removed a folder is not asked again and again for a file in it
          throw error
        } finally {
          await rm(staged, { force: true })
        }
      }),
    read: (key, range) =>
      attempt(pathOf(key), async () => {
        await using file = await open(pathOf(key))
        if (range === undefined) return await file.readFile()
        return await readRange(file, range)
      }),
    list: (prefix) => walk(root, prefix),
    remove: async (keys) => {
      for (const key of keys) await attempt(pathOf(key), () => rm(pathOf(key), { force: true }))
    },
  }
}

async function writeWhole(path: string, bytes: Uint8Array): Promise<void> {
  await using file = await open(path, 'wx')
  await file.writeFile(bytes)
  await file.sync()
}

/** Gives a local file its new name; it stays where it was until it has it, so a failure can be tried again. */
async function placeLocal(
  body: LocalFile,
  { staged, path }: { readonly staged: string; readonly path: string },
): Promise<'created' | 'exists'> {
  if (!(await exists(body.path))) return (await exists(path)) ? 'exists' : missing(body)
  await syncFile(body.path)
  const outcome = await place(body.path, path).catch(async (error: unknown) => {
    if (codeOf(error) !== 'EXDEV') throw error
    await copyFile(body.path, staged, constants.COPYFILE_EXCL)
    await syncFile(staged)
    return await place(staged, path)
  })
  if (outcome === 'created') await rm(body.path, { force: true })
  return outcome
}

async function syncFile(path: string): Promise<void> {
  await using file = await open(path, 'r+')
  await file.sync()
}

/** Gives a finished file its name: link(2) fails where the name is taken, so nothing is ever overwritten. */
async function place(staged: string, path: string): Promise<'created' | 'exists'> {
  try {
    await link(staged, path)
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return 'exists'
    if (!['EPERM', 'ENOTSUP', 'ENOSYS', 'EOPNOTSUPP'].includes(codeOf(error))) throw error
    return await placeWithoutLinks(staged, path)
  }
  await syncFolder(dirname(path))
  return 'created'
}

/** A filesystem without hard links: take the name with an empty file first; only its winner may fill it. */
async function placeWithoutLinks(staged: string, path: string): Promise<'created' | 'exists'> {
  try {
    await (await open(path, 'wx')).close()
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return 'exists'
    throw error
  }
  try {
    await rename(staged, path)
  } catch (error) {
    await rm(path, { force: true }) // the empty file is ours
    throw error
  }
  await syncFolder(dirname(path))
  return 'created'
}

type Folders = { readonly root: string; readonly folders: Set<string> }

/** Makes a folder and those above it, each with its name on the disk, once. */
async function makeFolder(path: string, { root, folders }: Folders): Promise<void> {
  if (folders.has(path)) return
  if (path !== root) await makeFolder(dirname(path), { root, folders })
  await mkdir(path, { recursive: true })
  await syncFolder(dirname(path))
  folders.add(path)
}

async function syncFolder(path: string): Promise<void> {
  await using folder = await open(path)
  await folder.sync()
}

async function readRange(
  file: FileHandle,
  { first, next }: { readonly first: number; readonly next: number },
): Promise<Uint8Array> {
  const bytes = Buffer.alloc(next - first)
  let filled = 0
  while (filled < bytes.length) {
    const { bytesRead } = await file.read(bytes, filled, bytes.length - filled, first + filled)
    if (bytesRead === 0) break
    filled += bytesRead
  }
  return bytes.subarray(0, filled)
}

async function* walk(root: string, prefix: Key): AsyncGenerator<Entry> {
  // The folder part of the prefix is where to begin; the rest is compared with the keys.
  const start = join(root, ...prefix.split('/').slice(0, -1))
  const names = await readdir(start, { recursive: true, withFileTypes: true }).catch(
    (error: unknown) => {
      if (codeOf(error) === 'ENOENT') return []
      throw storeFault(start, error)
    },
  )
  for (const name of names) {
    const path = join(name.parentPath, name.name)
    const key = keyBelow(root, path)
    if (!name.isFile() || key === null || !key.startsWith(prefix) || key.startsWith(`${STAGING}/`))
      continue
    const found = await stat(path).catch(() => null) // removed meanwhile
    if (found !== null) yield { key, size: found.size, modifiedMs: found.mtimeMs }
  }
}

async function checkFolder(root: string): Promise<void> {
  const names: string[] = await attempt(root, () => readdir(root)).catch((error: unknown) => {
    if (error instanceof Fault && codeOf(error.cause) === 'ENOENT') return []
    throw error
  })
  if (names.length === 0 || LAKE_ENTRIES.some((name) => names.includes(name))) return
  throw new Fault(
    'invalid',
    `${root} is not a lake: it holds other things (${names.slice(0, 3).join(', ')})`,
    {
      remedy:
        'Name an empty or a new folder, or the folder of an existing lake, as TICKLAKE_LAKE=file:DIR.',
    },
  )
}

/** Files only: a folder there belongs to a process that may have been idle for days. */
async function sweep(dir: string, beforeMs: number): Promise<void> {
  for (const name of await readdir(dir, { recursive: true, withFileTypes: true })) {
    if (!name.isFile()) continue
    const path = join(name.parentPath, name.name)
    const found = await stat(path).catch(() => null)
    if (found !== null && found.mtimeMs < beforeMs) await rm(path, { force: true })
  }
}

/** The key of a path or file: URL below the root. */
function keyBelow(root: string, location: string): Key | null {
  const path = location.startsWith('file:') ? fromUrl(location) : location
  if (path === null) return null
  const below = relative(root, path)
  if (
    below === '' ||
    below === '..' ||
    below.startsWith(`..${sep}`) ||
    resolve(root, below) !== resolve(path)
  )
    return null
  return below.split(sep).join('/')
}

const fromUrl = (location: string): string | null => {
  try {
    // Java writes file:/path, with one slash.
    return fileURLToPath(location.replace(/^file:\/(?!\/)/, 'file:///'))
  } catch {
    return null
  }
}

const exists = async (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  )

const missing = (body: LocalFile): never => {
  throw new Fault('bug', `${body.path} is gone before it was stored`, {
    remedy: 'Something else removed a file of the staging folder; report this if nothing did.',
  })
}

async function attempt<T>(path: string, act: () => Promise<T>): Promise<T> {
  try {
    return await act()
  } catch (error) {
    throw storeFault(path, error)
  }
}

const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error ? String(error.code) : ''
