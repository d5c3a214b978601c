import { systemClock } from '../../src/flow/clock.ts'
import { seededRandom } from '../../src/flow/random.ts'
import {
  openIcebergLake,
  type IcebergLake,
  type IcebergLakeOptions,
} from '../../src/lake/iceberg-lake.ts'
import { parseMetadata, type Metadata } from '../../src/lake/iceberg/metadata-document.ts'
import { stringifyJson } from '../../src/lake/iceberg/json.ts'
import { memoryCatalog } from '../../src/lake/memory-catalog.ts'
import { memoryStore } from '../../src/lake/memory-store.ts'
import { RECORDS } from '../../src/market/tables.ts'
import { jsonFiles, jsonWriter, takeFrom } from './json-writer.ts'
import { LOG } from './rolls.ts'

const TABLE = `market.${RECORDS.name}`

/** A lake in memory that a test may look into and change as another engine would. */
export function memoryLake(seed = 1) {
  const files = jsonFiles()
  const store = memoryStore({ take: takeFrom(files) })
  const catalog = memoryCatalog()
  const random = seededRandom(seed)
  const location = () => catalog.pointers.get(TABLE) ?? ''
  const text = () => Buffer.from(store.objects.get(store.keyOf(location()) ?? '') ?? []).toString()
  return {
    store,
    catalog,
    open: (how: Partial<IcebergLakeOptions> = {}): Promise<IcebergLake> =>
      openIcebergLake({
        table: RECORDS,
        log: LOG,
        source: 'simulator',
        mode: 'write',
        catalog,
        store,
        parquet: jsonWriter(RECORDS, files),
        clock: systemClock,
        random,
        ...how,
      }),
    text,
    metadata: (): Metadata => parseMetadata(text(), location()),
    /** Commits a document of one's own over the current one. */
    replace: (metadata: Metadata): void => {
      const key = `market/${RECORDS.name}/metadata/90000-${random.integer(2 ** 32)}.metadata.json`
      store.objects.set(key, Buffer.from(stringifyJson(metadata)))
      catalog.pointers.set(TABLE, store.location(key))
    },
  }
}
