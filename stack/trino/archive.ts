import { execFile } from 'node:child_process'
import { readdir, rename, rm } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { Fault } from '../../src/flow/fault.ts'
import { mavenFolder } from '../maven.ts'

const POM = resolve(import.meta.dirname, 'pom.xml')
const KEPT = ['lib', 'plugin'] as const
const PLUGINS = ['iceberg'] as const
const UNPACKED = 'unpacked'
const run = promisify(execFile)

/**
 * The folder with Trino's `lib` and its Iceberg `plugin`, 250 MB, brought by Maven as an archive of
 * 800 MB the first time. Faults: `unavailable`.
 */
export const trinoFolder = (): Promise<string> => mavenFolder('trino-476', POM, unpack)

/** Unpacks all, and keeps little: files of one plugin are hard links to those of others. */
async function unpack(folder: string): Promise<void> {
  const archive = (await readdir(folder)).find((name) => name.endsWith('.tar.gz')) ?? ''
  const unpacked = join(folder, UNPACKED)
  try {
    await run('sh', [
      '-c',
      'mkdir "$2" && tar -xzf "$1" -C "$2" --strip-components=1',
      'unpack',
      join(folder, archive),
      unpacked,
    ])
  } catch (cause) {
    throw new Fault('unavailable', `tar did not unpack Trino: ${(cause as Error).message}`, {
      remedy: 'See that there is tar with gzip, and room for 3 GB in .cache.',
      cause,
    })
  }
  for (const kept of KEPT) await rename(join(unpacked, kept), join(folder, kept))
  await rm(unpacked, { recursive: true })
  await rm(join(folder, archive))
  const plugins = join(folder, 'plugin')
  const unwanted = (await readdir(plugins)).filter((name) => !PLUGINS.some((one) => one === name))
  for (const name of unwanted) await rm(join(plugins, name), { recursive: true })
}
