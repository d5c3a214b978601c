import type { Parts } from '../config/components.ts'
import { createRegistry, type Registry } from '../serve/metrics.ts'
import type { Stopped } from '../serve/state.ts'
import { keepStatus } from '../serve/status.ts'
import type { Invocation } from './command.ts'
import { packageVersion } from './version.ts'

/** `up` started this process and says itself how it is reached and that it stops. */
export const supervised = process.channel !== undefined

/** A part that runs until it is stopped: what it is made of, and what it says of itself. */
export type RunningPart = AsyncDisposable & {
  readonly parts: Parts
  readonly registry: Registry
  /** What it does now, in a few words. */
  readonly state: (now: string) => void
  /** It does nothing until a person has done something; null: it goes on. */
  readonly stopped: (why: Stopped | null) => void
}

/** Begins to write the status of `part`; disposing it ends that and removes the status. */
export async function startPart(part: string, invocation: Invocation): Promise<RunningPart> {
  const { partsOf } = await import('../config/components.ts')
  const registry = createRegistry()
  const parts = partsOf(await invocation.settings(), {
    log: await invocation.log(),
    metrics: registry,
  })
  let state = 'starting'
  let stopped: Stopped | null = null
  const over = new AbortController()
  const started = parts.clock.now()
  const version = packageVersion()
  const kept = keepStatus({
    dir: parts.places.status,
    clock: parts.clock,
    signal: over.signal,
    current: () => {
      const { rss } = process.memoryUsage()
      registry.set('ticklake_process_resident_memory_bytes', rss, { part })
      const at = parts.clock.now()
      const { pid } = process
      return { part, pid, version, started, at, state, stopped, samples: registry.samples() }
    },
  })
  return {
    parts,
    registry,
    state: (now) => void (state = now),
    stopped: (why) => void (stopped = why),
    [Symbol.asyncDispose]: async () => {
      over.abort()
      await kept
    },
  }
}
