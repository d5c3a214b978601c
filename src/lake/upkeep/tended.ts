import { Fault } from '../../flow/fault.ts'
import type { Table } from '../../market/tables.ts'
import type { Committing } from '../iceberg/committing.ts'
import type { Metadata } from '../iceberg/metadata-document.ts'
import type { ManifestReader } from '../iceberg/manifest-reader.ts'
import { keyInFolder } from '../iceberg/table-files.ts'
import type { Key, Store } from '../store.ts'

/** A table that is taken care of: what commits to it, and the store itself. */
export type Tended = Committing & {
  readonly store: Store
  /** `<namespace>/<table>`, below the store's root. */
  readonly folder: Key
  /** Keeps what it read: upkeep looks at a manifest more than once. */
  readonly manifests: ManifestReader
}

/** A table may say that its files are not its own: other tables then read them (Iceberg's gc.enabled). */
export function checkCollectable(table: Table, { properties }: Metadata): void {
  if (properties['gc.enabled'] !== 'false') return
  throw new Fault(
    'invalid',
    `table ${table.name} has gc.enabled=false: its files may be others' too`,
    {
      remedy:
        'Nothing was removed. Where no other table shares the files, set gc.enabled=true in the engine that set it; or switch land.upkeep off.',
    },
  )
}

// Removed in one call to the store.
const BATCH = 500

/** Removes what lies below the table's folder, and leaves anything else alone; answers how many were asked for. */
export async function removeFiles(
  { store, folder }: Tended,
  locations: Iterable<string>,
): Promise<number> {
  const keys = [...new Set(locations)]
    .map((location) => keyInFolder(store, folder, location))
    .filter((key) => key !== null)
  for (let at = 0; at < keys.length; at += BATCH) await store.remove(keys.slice(at, at + BATCH))
  return keys.length
}
