import { open } from 'node:fs/promises'
import type { Clock } from '../flow/clock.ts'
import { Fault } from '../flow/fault.ts'
import { backoffMs, retry } from '../flow/retry.ts'
import type { Random } from '../flow/random.ts'
import { AGAIN } from './aws-fault.ts'
import { checkAtomicCreate } from './s3/atomic-create.ts'
import { createInParts, PART_BYTES, type Source } from './s3/large-object.ts'
import {
  s3Requests,
  type Created,
  type Page,
  type S3Reach,
  type S3Requests,
} from './s3/requests.ts'
import { checkKey, storeFault } from './store-fault.ts'
import type { Entry, Key, LocalFile, Store } from './store.ts'

/** Above it an object goes in parts: a request that fails late costs no more than this. */
const LARGE_BYTES = 32_000_000
/** What S3 lists, and removes, in one request. */
const PAGE_KEYS = 1_000
// Of requests that may be sent twice: reading, listing, removing, sending a part.
const TRIES = { triesMax: 3, baseMs: 100, capMs: 2_000 } as const
// S3 answers 409 while another request for the key is under way; that is over within moments.
const CONFLICT_TRIES_MAX = 5

export type S3StoreOptions = {
  readonly bucket: string
  /** Without slashes around it; empty: the whole bucket. */
  readonly prefix: string
  readonly reach: S3Reach
  /** `write` refuses a store that cannot create atomically. */
  readonly mode: 'write' | 'read'
  readonly clock: Clock
  readonly random: Random
  /** For tests; 32 MB, 16 MB and 1000. */
  readonly largeBytes?: number
  readonly partBytes?: number
  readonly pageKeys?: number
}

export type S3Store = Store &
  Disposable & {
    /** The region in effect. */
    readonly region: string
  }

type Opened = Required<Omit<S3StoreOptions, 'reach' | 'mode'>> & {
  readonly requests: S3Requests
  readonly again: <T>(act: () => Promise<T>) => Promise<T>
}

/**
 * Objects below a prefix of an S3 bucket. Guarantees: creating is one conditional request (If-None-Match: *),
 * sent once; a failed one may have been applied, as the port says. Throws `invalid` without a region or, to
 * write, where the store has no atomic create.
 */
export async function openS3Store(options: S3StoreOptions): Promise<S3Store> {
  const { bucket, prefix, mode, clock, random, reach } = options
  const requests = await s3Requests(bucket, reach)
  const opened: Opened = {
    largeBytes: LARGE_BYTES,
    partBytes: PART_BYTES,
    pageKeys: PAGE_KEYS,
    ...options,
    requests,
    again: (act) => retry(act, { ...TRIES, clock, random }),
  }
  const { again, pageKeys } = opened
  const root = prefix === '' ? `s3://${bucket}` : `s3://${bucket}/${prefix}`
  const whole = (key: Key) => (prefix === '' ? checkKey(key) : `${prefix}/${checkKey(key)}`)
  const store: S3Store = {
    region: requests.region,
    location: (key) => (key === '' ? root : `${root}/${checkKey(key)}`),
    keyOf: (location) => keyBelow(root, location),
    create: (key, body) => create(opened, whole(key), body),
    read: async (key, range) => {
      const name = whole(key)
      if (range !== undefined && range.next <= range.first) return new Uint8Array()
      return await again(() => requests.get(name, range))
    },
    list: (below) => walk(opened, below),
    remove: async (keys) => {
      const names = keys.map(whole)
      for (let at = 0; at < names.length; at += pageKeys)
        await again(() => requests.remove(names.slice(at, at + pageKeys)))
    },
    [Symbol.dispose]: () => requests[Symbol.dispose](),
  }
  if (mode === 'read') return store
  try {
    await checkAtomicCreate(opened)
    return store
  } catch (error) {
    store[Symbol.dispose]()
    throw error
  }
}

/** Sent once for each answer that decided nothing: of a lost answer the caller knows what to make. */
async function create(
  { requests, bucket, again, clock, random, largeBytes, partBytes }: Opened,
  key: string,
  body: Uint8Array | LocalFile,
): Promise<'created' | 'exists'> {
  await using source = await sourceOf(body)
  const send = async (): Promise<Created> =>
    source.size > largeBytes
      ? await createInParts(key, source, { requests, again, partBytes })
      : await requests.put(key, await source.read(0, source.size))
  for (let attempt = 0; attempt < CONFLICT_TRIES_MAX; attempt++) {
    const outcome = await send()
    if (outcome !== 'conflict') return outcome
    await clock.sleep(backoffMs(TRIES, attempt, random))
  }
  throw new Fault('unavailable', `s3://${bucket}/${key}: another request for it is under way`, {
    remedy: AGAIN,
  })
}

async function sourceOf(body: Uint8Array | LocalFile): Promise<Source & AsyncDisposable> {
  if (body instanceof Uint8Array)
    return {
      size: body.length,
      read: async (first, next) => body.subarray(first, next),
      [Symbol.asyncDispose]: async () => undefined,
    }
  const { path, size } = body
  const file = await open(path).catch((error: unknown) => {
    throw codeOf(error) === 'ENOENT' ? changed(path, 'is gone') : storeFault(path, error)
  })
  return {
    size,
    read: async (first, next) => {
      const { buffer, bytesRead } = await file.read({
        buffer: Buffer.allocUnsafe(next - first),
        position: first,
      })
      if (bytesRead === next - first) return buffer
      throw changed(path, `is shorter than ${size} bytes`)
    },
    [Symbol.asyncDispose]: () => file.close(),
  }
}

const changed = (path: string, how: string): Fault =>
  new Fault('bug', `${path} ${how} before it was stored`, {
    remedy: 'Something else changed a file of the staging folder; report this if nothing did.',
  })

const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error ? String(error.code) : ''

async function* walk(
  { requests, prefix, again, pageKeys }: Opened,
  below: Key,
): AsyncGenerator<Entry> {
  const root = prefix === '' ? '' : `${prefix}/`
  let from: Page['next'] = null
  for (;;) {
    const page: Page = await again(() => requests.page(root + below, { from, keysMax: pageKeys }))
    for (const entry of page.entries) {
      const key = entry.key.slice(root.length)
      if (isKey(key)) yield { ...entry, key }
    }
    if (page.next === null) return
    from = page.next
  }
}

/** Consoles make objects that stand for folders; their names end in a slash, and nobody asks for them. */
const isKey = (key: Key): boolean => key !== '' && !key.split('/').includes('')

/**
 * The key of a location below the root, under any of the schemes that engines write. Nothing is decoded: a
 * location holds the object's name as it is (Iceberg Java's S3URI, Trino's Location).
 */
function keyBelow(root: string, location: string): Key | null {
  const below = location.replace(/^s3[an]:\/\//, 's3://')
  if (!below.startsWith(`${root}/`)) return null
  const key = below.slice(root.length + 1)
  return isKey(key) ? key : null
}
