import { mkdir, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { systemClock } from '../../src/flow/clock.ts'
import { seededRandom } from '../../src/flow/random.ts'
import { openIcebergLake } from '../../src/lake/iceberg-lake.ts'
import { memoryCatalog } from '../../src/lake/memory-catalog.ts'
import { memoryStore } from '../../src/lake/memory-store.ts'
import { RECORDS } from '../../src/market/tables.ts'
import { jsonFiles, jsonWriter, takeFrom } from '../simulation/json-writer.ts'
import { DAY_MS, DAY_ZERO_MS, LOG, roll } from '../simulation/rolls.ts'

// node test/golden/write-lake.ts VERSION: writes golden/lake/VERSION, which must not be there yet.
const [version = ''] = process.argv.slice(2)
const folder = join(import.meta.dirname, 'lake', version)
await mkdir(folder)
const files = jsonFiles()
const store = memoryStore({ root: 'memory://golden', take: takeFrom(files) })
const lake = await openIcebergLake({
  table: RECORDS,
  log: LOG,
  source: 'simulator',
  mode: 'write',
  catalog: memoryCatalog(),
  store,
  parquet: jsonWriter(RECORDS, files),
  clock: { ...systemClock, now: () => DAY_ZERO_MS },
  random: seededRandom(1),
})
for (let i = 0; i < 3; i++) {
  const ms = DAY_ZERO_MS + i * DAY_MS
  await lake.commit(await lake.stage(roll([{ partition: 0, first: i * 5, next: i * 5 + 5, ms }])))
}
const newest = [...store.objects.keys()].findLast((key) => key.endsWith('.metadata.json'))
for (const [key, bytes] of store.objects)
  if (key === newest || key.endsWith('.avro')) await writeFile(join(folder, basename(key)), bytes)
