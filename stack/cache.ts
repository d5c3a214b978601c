import { cp, mkdir, mkdtemp, readFile, readdir, rename, rm, stat } from 'node:fs/promises'
import { basename, join, resolve } from 'node:path'

export type Making = {
  /** Of the folder in the cache. */
  readonly name: string
  /**
   * The file that says what it is made of; a copy lies in the folder, and one that differs makes it
   * anew.
   */
  readonly recipe: string
  /** Longer than making can last, in milliseconds: what is older and unfinished was left by a kill. */
  readonly msMax: number
  /** Fills an empty folder, which is then renamed: no path in it may be absolute. */
  make(into: string): Promise<void>
}

const MAKING = '.making-'
/** At the root of the repository; git ignores it. */
export const CACHE = resolve(import.meta.dirname, '../.cache')

/**
 * A folder of `.cache/` at the root of the repository: the one that was made by the same recipe,
 * else one made now. Whole or absent: it is made beside its place and renamed. Faults: those of
 * `make`.
 */
export async function cached({ name, recipe, msMax, make }: Making): Promise<string> {
  const place = join(CACHE, name)
  if (await isMadeBy(place, recipe)) return place
  await mkdir(CACHE, { recursive: true })
  await removeLeftovers(`${name}${MAKING}`, msMax)
  const made = await mkdtemp(join(CACHE, `${name}${MAKING}`))
  try {
    await make(made)
    await cp(recipe, join(made, basename(recipe)))
    await rm(place, { recursive: true, force: true })
    await rename(made, place)
  } catch (error) {
    // Another process may have made the same between our look and our rename.
    if (!(await isMadeBy(place, recipe))) throw error
  } finally {
    await rm(made, { recursive: true, force: true })
  }
  return place
}

async function removeLeftovers(prefix: string, msMax: number): Promise<void> {
  for (const entry of await readdir(CACHE)) {
    if (!entry.startsWith(prefix)) continue
    const place = join(CACHE, entry)
    const since = await stat(place).catch(() => null) // its maker has just renamed it
    if (since !== null && Date.now() - since.mtimeMs > msMax)
      await rm(place, { recursive: true, force: true })
  }
}

async function isMadeBy(place: string, recipe: string): Promise<boolean> {
  try {
    return (await readFile(join(place, basename(recipe)))).equals(await readFile(recipe))
  } catch {
    return false
  }
}
