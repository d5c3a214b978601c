import type { Catalog } from '../lake/catalog.ts'
import type { Store } from '../lake/store.ts'
import type { Parts } from './components.ts'

/** A store in a folder that nobody else uses, to try what the disk can do. */
export async function openProbeStore({ clock, random }: Parts, dir: string): Promise<Store> {
  const { openLocalStore } = await import('../lake/local-store.ts')
  return openLocalStore({ dir, mode: 'write', clock, random })
}

/** A catalog in a file that nobody else uses, to try what the disk can do. */
export async function openProbeCatalog(file: string): Promise<Catalog> {
  const { openSqliteCatalog } = await import('../lake/sqlite-catalog.ts')
  return openSqliteCatalog({ file, mode: 'write' })
}
