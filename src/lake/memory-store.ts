import { readFile, rm } from 'node:fs/promises'
import type { Clock } from '../flow/clock.ts'
import { Fault } from '../flow/fault.ts'
import type { Random } from '../flow/random.ts'
import { checkKey } from './store-fault.ts'
import type { LocalFile, Store } from './store.ts'

/** What goes wrong, as probabilities of one call; by `random`, so a seed replays it. */
export type StoreFaults = {
  readonly clock: Clock
  readonly random: Random
  /** Each call waits up to this, ms. */
  readonly latencyMs?: number
  /** The call fails and did nothing. */
  readonly fails?: number
  /** A create or remove was applied, but its answer is lost. */
  readonly answerLost?: number
  /** A create stops half way: nothing is there, as the port promises, but the time and the bytes are spent. */
  readonly torn?: number
}

export type MemoryStoreOptions = {
  readonly root?: string
  readonly faults?: StoreFaults
  /** Where local files are taken from; by default the disk. */
  readonly take?: (file: LocalFile) => Promise<Uint8Array>
}

export type MemoryStore = Store & {
  /** What is there, for tests to look at and to damage. */
  readonly objects: Map<string, Uint8Array>
}

/** Objects in memory, with the guarantees of the port and faults on demand. */
export function memoryStore(options: MemoryStoreOptions = {}): MemoryStore {
  const { root = 'memory://lake', faults, take = takeFromDisk } = options
  const objects = new Map<string, Uint8Array>()
  const modified = new Map<string, number>()
  const call = <T>(apply: () => T | Promise<T>, writes: boolean) =>
    faulty(faults, { apply, writes })
  const put = async (key: string, body: Uint8Array | LocalFile) => {
    if (objects.has(key)) return 'exists' as const
    const bytes = body instanceof Uint8Array ? Uint8Array.from(body) : await take(body)
    if (objects.has(key)) return 'exists' as const // taking the bytes gave another creator the time
    objects.set(key, bytes)
    modified.set(key, faults?.clock.now() ?? Date.now())
    return 'created' as const
  }
  return {
    objects,
    location: (key) => (key === '' ? root : `${root}/${checkKey(key)}`),
    keyOf: (location) => (location.startsWith(`${root}/`) ? location.slice(root.length + 1) : null),
    create: (key, body) => call(() => put(checkKey(key), body), true),
    read: (key, range) =>
      call(() => {
        const bytes = objects.get(checkKey(key)) ?? noSuchKey(key)
        return Uint8Array.from(bytes.subarray(range?.first ?? 0, range?.next ?? bytes.length))
      }, false),
    async *list(prefix) {
      for (const [key, { length }] of objects)
        if (key.startsWith(prefix)) yield { key, size: length, modifiedMs: modified.get(key) ?? 0 }
    },
    remove: (keys) =>
      call(() => {
        for (const key of keys) objects.delete(checkKey(key))
      }, true),
  }
}

type Call<T> = { readonly apply: () => T | Promise<T>; readonly writes: boolean }

async function faulty<T>(faults: StoreFaults | undefined, { apply, writes }: Call<T>): Promise<T> {
  if (faults === undefined) return await apply()
  const { clock, random, latencyMs = 0, fails = 0, torn = 0, answerLost = 0 } = faults
  if (latencyMs > 0) await clock.sleep(random.next() * latencyMs)
  if (random.next() < fails) throw away('the store is away')
  if (writes && random.next() < torn) throw away('the connection broke half way')
  const result = await apply()
  if (writes && random.next() < answerLost) throw away('the answer was lost')
  return result
}

const away = (message: string): Fault =>
  new Fault('unavailable', message, { remedy: 'An injected fault: try again.' })

const noSuchKey = (key: string): never => {
  throw new Fault('invalid', `${key}: no such object`, { remedy: 'Check the address of the lake.' })
}

async function takeFromDisk(file: LocalFile): Promise<Uint8Array> {
  const bytes = await readFile(file.path)
  await rm(file.path)
  return bytes
}
