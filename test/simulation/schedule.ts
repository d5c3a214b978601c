import assert from 'node:assert/strict'
import { seededRandom, type Random } from '../../src/flow/random.ts'
import { ancestors, parseMetadata } from '../../src/lake/iceberg/metadata-document.ts'
import { decodePositions, positionsKey } from '../../src/lake/iceberg/positions.ts'
import { STATUS } from '../../src/lake/iceberg/manifest.ts'
import { openIcebergLake } from '../../src/lake/iceberg-lake.ts'
import { removeOrphans } from '../../src/lake/upkeep/orphans.ts'
import type { DataFile } from '../../src/lake/lake.ts'
import type { Store } from '../../src/lake/store.ts'
import {
  offset,
  partition,
  type Partition,
  type Position,
  type Positions,
} from '../../src/market/records.ts'
import { RECORDS } from '../../src/market/tables.ts'
import { readRows } from './json-writer.ts'
import { runLander, shared, SOURCE, type Faults, type Shared } from './lander.ts'
import { crcOf, DAY_ZERO_MS, LOG } from './rolls.ts'
import { ORPHANS_AFTER_MS, runUpkeeper } from './upkeeper.ts'
import { simulatedProcess, simulatedWorld, type Chances } from './world.ts'

type Writable<T> = { -readonly [K in keyof T]: T[K] }

const HOUR_MS = 3_600_000
// After this the faults end and one process that nothing happens to lands the rest.
const CALM_AFTER_MS = 3 * HOUR_MS
const PROCESSES_MAX = 12

/** What one schedule went through; for a look at whether the faults really happen. */
export type Outcome = {
  readonly commits: number
  readonly records: number
  readonly processes: number
}

/**
 * One schedule, all of it decided by `seed`: landers race, die, stop and wake up late over a store and a catalog
 * that fail. Throws unless every record is in the table exactly once and the positions say so.
 */
export async function runSchedule(seed: number): Promise<Outcome> {
  const random = seededRandom(seed)
  const world = simulatedWorld(DAY_ZERO_MS)
  const ends = Array.from({ length: 1 + random.integer(3) }, () => 1 + random.integer(60))
  const faults: Writable<Faults> = someFaults(random)
  const chances: Writable<Chances> = someChances(random)
  const of = shared({ world, random, ends, runMax: 1 + random.integer(12), faults })
  const failures: unknown[] = []
  let calm = false
  let processes = 0
  const start = (): void => {
    processes += 1
    const process = simulatedProcess(world, random, () => chances)
    runLander(of, process).catch((error: unknown) => failures.push(error))
    void process.dead.then(() => {
      if (processes < PROCESSES_MAX && !calm) start()
    })
  }
  const landers = 1 + random.integer(3)
  for (let i = 0; i < landers; i++) start()
  const tend = (): void => {
    const process = simulatedProcess(world, random, () => chances)
    const done = runUpkeeper(of, process, () => calm)
    done.catch((error: unknown) => failures.push(error))
    void process.dead.then(() => (calm ? undefined : tend()))
  }
  for (let i = random.integer(3); i > 0; i--) tend()
  void world.clock.sleep(CALM_AFTER_MS).then(() => {
    calm = true
    for (const key of Object.keys(faults) as (keyof Faults)[]) faults[key] = 0
    chances.dies = 0
    chances.stops = 0
    start()
  })
  await world.run()
  if (failures.length > 0) throw failures[0]
  const commits = await check(of)
  return { commits, records: ends.reduce((sum, end) => sum + end, 0), processes }
}

const someFaults = (random: Random): Faults => {
  const up = (most: number) => (random.integer(3) === 0 ? 0 : random.next() * most)
  return {
    latencyMs: random.integer(2) * random.integer(500),
    fails: up(0.05),
    answerLost: up(0.05),
    torn: up(0.05),
    unknownApplied: up(0.2),
    unknownNotApplied: up(0.2),
    unknownLate: up(0.2),
    lostApplied: up(0.2),
  }
}

const someChances = (random: Random): Chances => ({
  dies: random.integer(3) === 0 ? 0 : random.next() * 0.01,
  stops: random.next() * 0.05,
  stopsMsMax: random.integer(2) === 0 ? 2 * HOUR_MS : 5_000,
})

/** Reads what is in the lake: answers how many commits main has. */
async function check(of: Shared): Promise<number> {
  const { world, random, ends, store, catalog } = of
  const lake = await openIcebergLake({
    table: RECORDS,
    log: LOG,
    source: SOURCE,
    catalog,
    store,
    clock: world.clock,
    random,
    mode: 'read',
  })
  const { files, positions } = await lake.snapshot()
  assert.deepEqual(positions, endOfTape(ends))
  const places = (await Promise.all(files.map((file) => placesOf(of, file)))).flat().toSorted()
  const wanted = ends.flatMap((end, part) => Array.from({ length: end }, (_, i) => `${part}:${i}`))
  assert.deepEqual(places, wanted.toSorted(), 'every record is one row')
  const commits = await checkHistory(of)
  await checkCleaned(of)
  return commits
}

/** After a last cleaning, long after, nothing is left but what the table reaches, and all of that is. */
async function checkCleaned(of: Shared): Promise<void> {
  const { world, random, store, catalog } = of
  const list: Store['list'] = async function* list(prefix) {
    for await (const entry of store.list(prefix))
      yield { ...entry, modifiedMs: entry.modifiedMs - 2 * ORPHANS_AFTER_MS }
    yield { key: `${prefix}just-now.txt`, size: 1, modifiedMs: world.clock.now() }
  }
  const { clock } = world
  const aged = { ...store, list }
  const opening = { table: RECORDS, log: LOG, source: SOURCE, catalog, store: aged, clock, random }
  const lake = await openIcebergLake({ ...opening, mode: 'write' })
  const io = lake.tended()
  await removeOrphans(io, { olderThanMs: ORPHANS_AFTER_MS })
  const reached = new Set<string>()
  const told = new Set<string>() // deleted, by a snapshot that is still there
  const { pointer, metadata } = await io.load()
  reached.add(pointer.location)
  for (const entry of metadata['metadata-log']) reached.add(entry['metadata-file'])
  for (const snapshot of metadata.snapshots) {
    reached.add(snapshot['manifest-list'])
    for (const manifest of await io.manifests.list(snapshot)) {
      reached.add(manifest.manifest_path)
      for (const { status, data_file } of await io.manifests.entries(manifest))
        (status === STATUS.deleted ? told : reached).add(data_file.file_path)
    }
  }
  const there = [...store.objects.keys()].map((key) => store.location(key))
  assert.deepEqual(
    [...reached].filter((location) => !there.includes(location)),
    [],
    'no file that a snapshot reaches was removed',
  )
  const left = there.filter((location) => !reached.has(location) && !told.has(location))
  assert.deepEqual(left, [], 'no orphan is left')
}

const endOfTape = (ends: readonly number[]): Positions =>
  new Map(
    ends.map((end, part): [Partition, Position] => [
      partition(part),
      { next: offset(end), last: { offset: offset(end - 1), crc: crcOf(part, end - 1) } },
    ]),
  )

async function placesOf({ store }: Shared, file: DataFile): Promise<readonly string[]> {
  const rows = readRows(await store.read(store.keyOf(file.location) ?? ''))
  assert.equal(rows.length, file.rows)
  return rows.map(({ partition: part, offset }) => `${part}:${offset}`)
}

/** At every commit the table held exactly the records below its positions. */
async function checkHistory({ catalog, store }: Shared): Promise<number> {
  const location = catalog.pointers.get(`market.${RECORDS.name}`) ?? ''
  const text = Buffer.from(await store.read(store.keyOf(location) ?? '')).toString()
  let commits = 0
  for (const { summary } of ancestors(parseMetadata(text, location))) {
    const positions = decodePositions(summary?.[positionsKey(LOG)] ?? '')
    const below = positions.values().reduce((sum, { next }) => sum + next, 0)
    assert.equal(summary?.['total-records'], String(below))
    commits += 1
  }
  return commits
}
