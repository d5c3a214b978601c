import { lakeSuite } from '../../test/conformance/lake.ts'
import { jsonFiles, jsonWriter, takeFrom } from '../../test/simulation/json-writer.ts'
import { LOG } from '../../test/simulation/rolls.ts'
import { systemClock } from '../flow/clock.ts'
import { systemRandom } from '../flow/random.ts'
import { RECORDS } from '../market/tables.ts'
import { openIcebergLake } from './iceberg-lake.ts'
import { memoryCatalog } from './memory-catalog.ts'
import { memoryStore } from './memory-store.ts'

lakeSuite('Iceberg lake in memory', async () => {
  const files = jsonFiles()
  const store = memoryStore({ take: takeFrom(files) })
  const catalog = memoryCatalog()
  return {
    open: (how = {}) =>
      openIcebergLake({
        table: RECORDS,
        log: LOG,
        source: 'simulator',
        mode: 'write',
        catalog,
        store,
        parquet: jsonWriter(RECORDS, files),
        clock: systemClock,
        random: systemRandom,
        ...how,
      }),
    [Symbol.asyncDispose]: async () => undefined,
  }
})
