import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { Fault } from '../../src/flow/fault.ts'
import { CACHE, cached } from '../cache.ts'

const MODULE = resolve(import.meta.dirname, 'module.txt')
const NAME = 'minio'
const BUILD_MS_MAX = 1_800_000 // five minutes on two idle cores
const run = promisify(execFile)

/** Where the program lies once it is built. */
export const MINIO = join(CACHE, NAME, 'minio')

/**
 * The program, from `.cache/minio`, built by Go from its module the first time. Faults:
 * `unavailable` with what Go said.
 */
export async function minioProgram(): Promise<string> {
  const module = (await readFile(MODULE, 'utf8')).trim()
  await cached({
    name: NAME,
    recipe: MODULE,
    msMax: BUILD_MS_MAX,
    make: (into) => build(module, into),
  })
  return MINIO
}

async function build(module: string, into: string): Promise<void> {
  const env = { ...process.env, GOBIN: into, CGO_ENABLED: '0', GOFLAGS: '' }
  try {
    await run('go', ['install', module], { env, timeout: BUILD_MS_MAX, maxBuffer: 1 << 24 })
  } catch (cause) {
    const { stderr = '', message } = cause as Error & { stderr?: string }
    throw new Fault('unavailable', `Go did not build ${module}: ${stderr.trim() || message}`, {
      remedy: 'Install Go 1.24 or later, and see that it reaches a module proxy.',
      cause,
    })
  }
}
