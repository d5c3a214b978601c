import type { Clock } from '../../flow/clock.ts'
import { Fault, isFault } from '../../flow/fault.ts'
import { retry } from '../../flow/retry.ts'
import type { Random } from '../../flow/random.ts'
import type { Key, LocalFile, Store } from '../store.ts'

// A store that is away longer than these tries ends the turn; the next one starts after a longer wait.
const TRIES = { triesMax: 4, baseMs: 50, capMs: 1_000 } as const

/** The files of one table, by location; short failures of the store are tried again. */
export type TableFiles = {
  readonly location: string
  /** Writes a file under a name that was never used; answers its location. */
  write(name: string, body: Uint8Array | LocalFile): Promise<string>
  read(location: string): Promise<Uint8Array>
  /** Removes what lies below this table's folder; leaves anything else alone. */
  remove(locations: readonly string[]): Promise<void>
}

export type TableFilesOptions = {
  readonly store: Store
  /** `<namespace>/<table>`, below the store's root. */
  readonly folder: Key
  /** The catalog as settings name it, for messages. */
  readonly catalogText?: string
  readonly clock: Clock
  readonly random: Random
}

export function tableFiles(options: TableFilesOptions): TableFiles {
  const { store, folder, clock, random } = options
  const again = <T>(act: () => Promise<T>) => retry(act, { ...TRIES, clock, random })
  return {
    location: store.location(folder),
    write: async (name, body) => {
      const key = `${folder}/${name}`
      let failed = false
      const outcome = await again(async () => {
        try {
          return await store.create(key, body)
        } catch (error) {
          failed ||= isFault(error, 'unavailable')
          throw error
        }
      })
      // After a failed try 'exists' is that try, applied with its answer lost: nobody else knows the name.
      if (outcome === 'exists' && !failed)
        throw new Fault('bug', `${store.location(key)} exists already`, {
          remedy: 'File names are random; report this with the stack.',
        })
      if (outcome === 'exists') await checkSize(store, { key, size: sizeOf(body) })
      return store.location(key)
    },
    read: (location) => {
      const key = store.keyOf(location)
      if (key === null) throw elsewhere(options, location)
      return again(() => store.read(key))
    },
    remove: async (locations) => {
      const keys = locations
        .map((location) => keyInFolder(store, folder, location))
        .filter((key) => key !== null)
      if (keys.length > 0) await store.remove(keys)
    },
  }
}

/** A lake on a disk was moved; on S3 lakes stay, and one of two was named by its catalog, the other by its address. */
function elsewhere({ store, folder, catalogText = '' }: TableFilesOptions, location: string) {
  const lake = store.location('').replace(/\/$/, '')
  if (!lake.startsWith('s3:'))
    return new Fault('invalid', `${location} lies outside of the lake ${lake}`, {
      remedy:
        'The lake was moved after it was made: move it back, or name the address that it was made under.',
    })
  const at = location.indexOf(`/${folder}/`)
  const other = at < 0 ? location : location.slice(0, at)
  const [kind, name] = [catalogText.slice(0, 5), catalogText.slice(5)]
  const catalog = kind === 'glue:' ? `Glue database ${name}` : `the catalog ${catalogText}`.trim()
  const own =
    kind === 'glue:'
      ? 'a database of its own (TICKLAKE_CATALOG=glue:OTHER)'
      : 'a catalog of its own (TICKLAKE_CATALOG)'
  return new Fault(
    'invalid',
    `${catalog} holds the tables of another lake: ${other}, not ${lake}`,
    {
      remedy: `Correct TICKLAKE_LAKE, or give this lake ${own}.`,
    },
  )
}

/** The key of a location below the table's folder; null: it lies elsewhere. */
export function keyInFolder(store: Store, folder: Key, location: string): Key | null {
  const key = store.keyOf(location)
  return key !== null && key.startsWith(`${folder}/`) ? key : null
}

const sizeOf = (body: Uint8Array | LocalFile): number =>
  body instanceof Uint8Array ? body.length : body.size

/** What an unanswered try left must be whole; the port promises it, and a commit builds on it. */
async function checkSize(
  store: Store,
  { key, size }: { readonly key: Key; readonly size: number },
): Promise<void> {
  for await (const entry of store.list(key)) if (entry.key === key && entry.size === size) return
  throw new Fault('unavailable', `${store.location(key)} was not stored whole`, {
    remedy: 'The store broke off: it is tried again under another name.',
  })
}
