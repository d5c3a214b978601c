import { rename, rm, stat } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { Fault } from '../flow/fault.ts'

/**
 * Writes a file whole or not at all: `write` gets the path of a fresh file beside it, which then takes its
 * name. What is there and is no regular file (a pipe, /dev/stdout) is written as it is. Faults: `invalid`
 * where there is no such folder.
 */
export async function writeWhole(
  file: string,
  write: (path: string) => Promise<void>,
): Promise<void> {
  const path = resolve(file)
  const isThere = await stat(path).catch(() => null)
  if (isThere !== null && !isThere.isFile()) return write(path)
  const folder = dirname(path)
  if (!(await stat(folder).catch(() => null))?.isDirectory())
    throw new Fault('invalid', `${path} cannot be written: there is no folder ${folder}`, {
      remedy: 'Make the folder, or correct -o.',
    })
  const fresh = `${path}.${process.pid}.tmp`
  try {
    await write(fresh)
    await rename(fresh, path)
  } finally {
    await rm(fresh, { force: true })
  }
}
