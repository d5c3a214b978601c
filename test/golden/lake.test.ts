import assert from 'node:assert/strict'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { systemClock } from '../../src/flow/clock.ts'
import { seededRandom } from '../../src/flow/random.ts'
import { openIcebergLake } from '../../src/lake/iceberg-lake.ts'
import { memoryCatalog } from '../../src/lake/memory-catalog.ts'
import { memoryStore } from '../../src/lake/memory-store.ts'
import { partition } from '../../src/market/records.ts'
import { RECORDS } from '../../src/market/tables.ts'
import { jsonFiles, jsonWriter, takeFrom } from '../simulation/json-writer.ts'
import { crcOf, DAY_MS, DAY_ZERO_MS, LOG, roll } from '../simulation/rolls.ts'

/*
 * Each folder of golden/lake is the metadata of a small table as one version wrote it: three commits of five
 * records, each on its own day. It must stay readable, and writable, for as long as the format version is 2.
 * write-lake.ts makes one for a new version; those that are there are never written again.
 */
const FOLDER = join(import.meta.dirname, 'lake')

for (const version of await readdir(FOLDER)) {
  test(`the table that ${version} wrote is read, filtered and written on`, async () => {
    const files = jsonFiles()
    const store = memoryStore({ root: 'memory://golden', take: takeFrom(files) })
    const catalog = memoryCatalog()
    const names = (await readdir(join(FOLDER, version))).toSorted()
    for (const name of names)
      store.objects.set(
        `market/records/metadata/${name}`,
        await readFile(join(FOLDER, version, name)),
      )
    const newest = names.findLast((name) => name.endsWith('.metadata.json')) ?? ''
    catalog.pointers.set('market.records', store.location(`market/records/metadata/${newest}`))
    const lake = await openIcebergLake({
      table: RECORDS,
      log: LOG,
      source: 'simulator',
      mode: 'write',
      catalog,
      store,
      parquet: jsonWriter(RECORDS, files),
      clock: systemClock,
      random: seededRandom(1),
    })
    const seen = await lake.snapshot()
    assert.deepEqual(
      seen.files.map(({ rows }) => rows),
      [5, 5, 5],
    )
    const last = { offset: 14, crc: crcOf(0, 14) }
    assert.deepEqual(seen.positions.get(partition(0)), { next: 15, last })
    const second = { fromMs: DAY_ZERO_MS + DAY_MS, toMs: DAY_ZERO_MS + 2 * DAY_MS }
    assert.equal((await lake.snapshot(second)).files.length, 1)
    await lake.commit(await lake.stage(roll([{ partition: 0, first: 15, next: 20 }])))
    assert.equal((await lake.snapshot()).files.length, 4)
  })
}
