import { isFault } from '../../flow/fault.ts'
import { keyInFolder } from '../iceberg/table-files.ts'
import type { Key } from '../store.ts'
import type { Tended } from './tended.ts'

export type CheckedRemoval = {
  /** The table; what is removed by it is looked for afterwards. */
  readonly io: Tended
  /** Data files that hold what was purged: `left` looks for them too. */
  readonly struck: (locations: Iterable<string>) => void
  /** Data files that were to go and are there still, or lie outside of the table's folder, by location. */
  readonly left: () => Promise<readonly string[]>
}

/**
 * Removal that believes the store's listing alone. A data file that the store refuses to remove does not keep the
 * others from going; manifests and lists stay as long as one is left, so that the next purge finds it by them.
 */
export function checkedRemoval(tended: Tended): CheckedRemoval {
  const { store, folder } = tended
  const awaited = new Set<Key>()
  const outside = new Set<string>()
  const there = async (): Promise<readonly Key[]> => {
    if (awaited.size === 0) return []
    const found = new Set<Key>()
    for await (const { key } of store.list(`${folder}/`)) if (awaited.has(key)) found.add(key)
    for (const key of awaited) if (!found.has(key)) awaited.delete(key)
    return [...found]
  }
  const remove = async (keys: readonly Key[]) => {
    const data = keys.filter((key) => key.endsWith('.parquet'))
    for (const key of data) awaited.add(key)
    await removeEach(tended, data)
    const others = keys.filter((key) => !key.endsWith('.parquet'))
    if (others.length > 0 && (await there()).length === 0) await store.remove(others)
  }
  return {
    io: { ...tended, store: { ...store, remove } },
    struck: (locations) => {
      for (const location of locations) {
        const key = keyInFolder(store, folder, location)
        if (key === null) outside.add(location)
        else awaited.add(key)
      }
    },
    left: async () => [...outside, ...(await there()).map((key) => store.location(key))],
  }
}

async function removeEach({ store, log, table }: Tended, keys: readonly Key[]): Promise<void> {
  if (keys.length === 0) return
  try {
    await store.remove(keys)
  } catch (error) {
    if (!isFault(error, 'invalid')) throw error
    for (const key of keys)
      await store.remove([key]).catch((refusal: unknown) => {
        if (!isFault(refusal, 'invalid')) throw refusal
        log('warn', `not removed: ${refusal.message}`, { table: table.name })
      })
  }
}
