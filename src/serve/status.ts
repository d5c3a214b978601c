import { mkdir, readFile, readdir, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Clock } from '../flow/clock.ts'
import type { Sample } from './metrics.ts'
import type { Stopped } from './state.ts'

/** How often a part writes its status, in ms. */
export const STATUS_EVERY_MS = 1000
/** A status older than this, in ms, is of a part that no longer runs: the page says so within 5 s. */
export const STATUS_STALE_MS = 3500

/** A status as young as this, in ms, was written by a part that runs, whether its process can be seen or not. */
const FRESH_MS = 2000

/** A status older than this, in ms, is removed by the next part that starts. */
const DEAD_MS = 60_000

/** What one part says of itself once a second, for the page and `/metrics` of another process. */
export type PartStatus = {
  readonly part: string
  readonly pid: number
  readonly version: string
  /** When it started and when it wrote this, ms since 1970 UTC. */
  readonly started: number
  readonly at: number
  /** What it does now, in a few words: `recording`, `waiting for the lease`. */
  readonly state: string
  /** Set while it does nothing until a person has done something. */
  readonly stopped?: Stopped | null
  readonly samples: readonly Sample[]
}

/** Writes one part's status until aborted, whole or not at all, then removes it: a stopped part has none. */
export async function keepStatus(options: {
  readonly dir: string
  readonly clock: Clock
  readonly signal: AbortSignal
  readonly current: () => PartStatus
}): Promise<void> {
  const { dir, clock, signal, current } = options
  const { part, pid } = current()
  const path = join(dir, `${part}-${pid}.json`)
  const fresh = `${path}.tmp`
  await removeDead(dir, clock)
  const write = async () => {
    await mkdir(dir, { recursive: true })
    await writeFile(fresh, JSON.stringify(current()))
    await rename(fresh, path)
  }
  while (!signal.aborted) {
    // A full disk must not stop the recording because its status cannot be told.
    await write().catch(() => undefined)
    await clock.sleep(STATUS_EVERY_MS, signal)
  }
  await rm(path, { force: true }).catch(() => undefined)
}

/** What was killed left its status behind. */
async function removeDead(dir: string, clock: Clock): Promise<void> {
  for (const { part, pid, at } of await readStatuses(dir))
    if (clock.now() - at > DEAD_MS) await rm(join(dir, `${part}-${pid}.json`), { force: true })
}

/** Every status in the folder that can be read. */
export async function readStatuses(dir: string): Promise<readonly PartStatus[]> {
  const names = await readdir(dir).catch((): string[] => [])
  const read = names
    .filter((name) => name.endsWith('.json'))
    .map(async (name) => {
      try {
        const status: unknown = JSON.parse(await readFile(join(dir, name), 'utf8'))
        return isStatus(status) ? status : null
      } catch {
        return null // removed meanwhile, or another program's
      }
    })
  return (await Promise.all(read)).filter((status) => status !== null)
}

function isStatus(value: unknown): value is PartStatus {
  if (typeof value !== 'object' || value === null) return false
  const { part, pid, at, state, samples } = value as Partial<PartStatus>
  return (
    typeof part === 'string' &&
    typeof pid === 'number' &&
    typeof at === 'number' &&
    typeof state === 'string' &&
    Array.isArray(samples)
  )
}

/** The part still runs: it wrote just now, or not long ago and its process is there. */
export function isRunning({ pid, at }: PartStatus, nowMs: number): boolean {
  const age = nowMs - at
  return age < FRESH_MS || (age < STATUS_STALE_MS && isAlive(pid))
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM' // somebody else's
  }
}

/** The value of a metric in a status, labels summed; null: it has none. */
export function sampleOf(status: PartStatus | undefined, name: string): number | null {
  const found = status?.samples.filter((sample) => sample.name === name) ?? []
  return found.length === 0 ? null : found.reduce((sum, { value }) => sum + value, 0)
}
