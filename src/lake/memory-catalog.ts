import type { Clock } from '../flow/clock.ts'
import { Fault } from '../flow/fault.ts'
import type { Random } from '../flow/random.ts'
import type { Catalog, TableName } from './catalog.ts'

const LATE_MS_MAX = 3_600_000

/** What goes wrong, as probabilities of one swap or load; by `random`, so a seed replays it. */
export type CatalogFaults = {
  readonly clock: Clock
  readonly random: Random
  /** Each call waits up to this before and after it is applied, ms. */
  readonly latencyMs?: number
  /** A load or swap fails and did nothing. */
  readonly fails?: number
  /** The swap was applied, but the answer is `unknown`. */
  readonly unknownApplied?: number
  /** The swap was not applied, and the answer is `unknown`. */
  readonly unknownNotApplied?: number
  /** The answer is `unknown`, and the swap is tried later, up to an hour: a request that was stuck on its way. */
  readonly unknownLate?: number
  /** The swap was applied, but a retry inside the client answers `lost`. */
  readonly lostApplied?: number
}

export type MemoryCatalog = Catalog & {
  /** `namespace.name` → location, for tests to look at and to move. */
  readonly pointers: Map<string, string>
}

/** Names in memory, with the guarantees of the port and faults on demand. */
export function memoryCatalog(faults?: CatalogFaults): MemoryCatalog {
  const pointers = new Map<string, string>()
  const id = ({ namespace, name }: TableName) => `${namespace}.${name}`
  const compareAndSet = (key: string, from: string | null, to: string) => {
    if ((pointers.get(key) ?? null) !== from) return 'lost' as const
    pointers.set(key, to)
    return 'swapped' as const
  }
  const wait = async () => {
    const { latencyMs = 0 } = faults ?? {}
    if (faults !== undefined && latencyMs > 0)
      await faults.clock.sleep(faults.random.next() * latencyMs)
  }
  const happens = (chance: number | undefined) =>
    faults !== undefined && chance !== undefined && faults.random.next() < chance
  return {
    pointers,
    load: async (table) => {
      await wait()
      if (happens(faults?.fails)) throw away()
      const location = pointers.get(id(table))
      return location === undefined ? null : { location, token: null }
    },
    swap: async (table, from, to) => {
      await wait()
      if (happens(faults?.fails)) throw away()
      if (happens(faults?.unknownNotApplied)) return 'unknown'
      if (faults !== undefined && happens(faults.unknownLate)) {
        void faults.clock
          .sleep(faults.random.next() * LATE_MS_MAX)
          .then(() => compareAndSet(id(table), from?.location ?? null, to))
        return 'unknown'
      }
      const outcome = compareAndSet(id(table), from?.location ?? null, to)
      await wait()
      if (outcome === 'swapped' && happens(faults?.unknownApplied)) return 'unknown'
      if (outcome === 'swapped' && happens(faults?.lostApplied)) return 'lost'
      return outcome
    },
    [Symbol.asyncDispose]: async () => undefined,
  }
}

const away = (): Fault =>
  new Fault('unavailable', 'the catalog is away', { remedy: 'An injected fault: try again.' })
