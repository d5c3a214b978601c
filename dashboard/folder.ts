import { randomUUID } from 'node:crypto'
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

/** By their names in the one folder. */
export type Files = ReadonlyMap<string, Uint8Array>

/** Others that may be in the way at the same moment before this one gives up. */
const SWAPS_MAX = 20

/**
 * Has the folder hold these files and no others. It is whole at every moment but the one between two renames, also
 * where several do this at once: the last one stays. A folder that is right already is left alone.
 */
export async function putFolder(target: string, files: Files): Promise<void> {
  if (await holds(target, files)) return
  const fresh = `${target}.${randomUUID()}`
  const old = `${fresh}.old`
  await mkdir(fresh, { recursive: true })
  try {
    for (const [name, contents] of files) await writeFile(join(fresh, name), contents)
    for (let left = SWAPS_MAX; ; left--) {
      await rename(target, old).catch(passOver('ENOENT'))
      const isIn = await rename(fresh, target).then(() => true, passOver('ENOTEMPTY', 'EEXIST'))
      await rm(old, { recursive: true, force: true })
      if (isIn === true) return
      if (left === 0) throw new Error(`others keep replacing ${target}: build again`)
    }
  } finally {
    await rm(fresh, { recursive: true, force: true })
  }
}

async function holds(folder: string, files: Files): Promise<boolean> {
  try {
    const names = await readdir(folder)
    if (names.length !== files.size) return false
    for (const name of names) {
      const wanted = files.get(name)
      if (wanted === undefined || !(await readFile(join(folder, name))).equals(wanted)) return false
    }
    return true
  } catch (error) {
    // It is not there, or another build is just replacing it.
    return passOver('ENOENT')(error as NodeJS.ErrnoException) ?? false
  }
}

const passOver =
  (...codes: readonly string[]) =>
  (error: NodeJS.ErrnoException): undefined => {
    if (!codes.includes(error.code ?? '')) throw error
  }
