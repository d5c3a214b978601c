import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { after, describe, test } from 'node:test'
import { systemClock } from '../../src/flow/clock.ts'
import { systemRandom } from '../../src/flow/random.ts'
import { openIcebergLake, type IcebergLakeOptions } from '../../src/lake/iceberg-lake.ts'
import type { ParquetWriter } from '../../src/lake/lake.ts'
import { partition } from '../../src/market/records.ts'
import { RECORDS } from '../../src/market/tables.ts'
import { withoutAws } from '../../stack/aws/needs.ts'
import { lakeSuite } from '../conformance/lake.ts'
import { jsonFiles, jsonWriter } from '../simulation/json-writer.ts'
import { LOG, roll } from '../simulation/rolls.ts'
import { MS_MAX, startAwsWorld, type AwsWorld } from './aws-world.ts'

const P0 = partition(0)
const COMMITS = 12

/** The stand-in for Parquet, with its files on the disk. */
async function diskWriter(): Promise<ParquetWriter> {
  const dir = await mkdtemp(join(tmpdir(), 'ticklake-glue-lake-'))
  const files = jsonFiles()
  const { write } = jsonWriter(RECORDS, files)
  return {
    write: async (rolled) => {
      const written = await write(rolled)
      return await Promise.all(
        written.map(async (file) => {
          const path = join(dir, basename(file.path))
          await writeFile(path, files.waiting.get(file.path) ?? '')
          return { ...file, path }
        }),
      )
    },
    [Symbol.asyncDispose]: () => rm(dir, { recursive: true }),
  }
}

/** A lake of its own; each opening is another process, with clients of its own. */
async function glueLake(world: AwsWorld) {
  await using opening = new AsyncDisposableStack()
  const namespace = world.database()
  const prefix = `lakes/${namespace}`
  const parquet = opening.use(await diskWriter())
  const held = opening.move()
  return {
    open: async (how: Partial<IcebergLakeOptions> = {}) => {
      const store = held.use(await world.openStore({ prefix, mode: how.mode ?? 'write' }))
      const catalog = held.use(await world.openCatalog(store.location))
      return openIcebergLake({
        table: RECORDS,
        log: LOG,
        source: 'simulator',
        mode: 'write',
        namespace,
        catalog,
        store,
        parquet,
        clock: systemClock,
        random: systemRandom,
        ...how,
      })
    },
    [Symbol.asyncDispose]: () => held.disposeAsync(),
  }
}

describe('Iceberg lake on S3 and Glue', { skip: withoutAws(), timeout: MS_MAX }, async () => {
  const world = await startAwsWorld()
  const { s3Faults, glueFaults } = world.aws
  after(() => world[Symbol.asyncDispose]())

  lakeSuite('S3 and Glue', () => glueLake(world))

  test('whatever answers are lost, rows and positions move together, once', async () => {
    await using lake = await glueLake(world)
    const writer = await lake.open()
    for (const kind of ['applied-then-500', 'applied-then-cut'] as const) {
      s3Faults.inject({ kind, operation: 'PutObject', chance: 0.1 })
      glueFaults.inject({ kind, operation: 'UpdateTable', chance: 0.2 })
    }
    s3Faults.inject({ kind: 'slow-down', chance: 0.05 })
    glueFaults.inject({ kind: 'throttled', chance: 0.1 })
    let next = 0
    for (let tries = 0; next < COMMITS * 5 && tries < COMMITS * 5; tries++) {
      try {
        const first = (await writer.positions([P0])).get(P0)?.next ?? 0
        const spans = [{ partition: 0, first, next: first + 5 }]
        await writer.commit(await writer.stage(roll(spans)))
        next = first + 5
      } catch {
        // The turn ended: the next one asks the lake.
      }
    }
    s3Faults.clear()
    glueFaults.clear()
    const { files, positions } = await (await lake.open({ mode: 'read' })).snapshot()
    assert.equal(positions.get(P0)?.next, COMMITS * 5)
    assert.equal(
      files.reduce((sum, { rows }) => sum + rows, 0),
      COMMITS * 5,
    )
    assert.ok(glueFaults.happened('applied-then-500') + glueFaults.happened('applied-then-cut') > 0)
  })
})
