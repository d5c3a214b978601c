import assert from 'node:assert/strict'
import { isFault } from '../../src/flow/fault.ts'
import type { Random } from '../../src/flow/random.ts'
import type { Stage } from '../../src/flow/stream.ts'
import { openIcebergLake, type IcebergLake } from '../../src/lake/iceberg-lake.ts'
import { parseMetadata } from '../../src/lake/iceberg/metadata-document.ts'
import { decodePositions, positionsKey } from '../../src/lake/iceberg/positions.ts'
import type { Rolled, Staged } from '../../src/lake/lake.ts'
import { memoryCatalog, type CatalogFaults } from '../../src/lake/memory-catalog.ts'
import { memoryStore, type StoreFaults } from '../../src/lake/memory-store.ts'
import {
  offset,
  partition,
  type Partition,
  type Positions,
  type Run,
} from '../../src/market/records.ts'
import { RECORDS, type Rows } from '../../src/market/tables.ts'
import { land } from '../../src/pipeline.ts'
import type { Log } from '../../src/tape/tape.ts'
import { jsonFiles, jsonWriter, takeFrom, type JsonFiles } from './json-writer.ts'
import { crcOf, LOG, roll, rowsOf } from './rolls.ts'
import { stepped, type SimulatedProcess, type World } from './world.ts'

export const SOURCE = 'simulator'

/** What all landers of a schedule share: the tape's content, and a lake that survives them. */
export type Shared = {
  readonly world: World
  readonly random: Random
  /** Records of each partition; all of them exist from the beginning. */
  readonly ends: readonly number[]
  readonly runMax: number
  readonly store: ReturnType<typeof memoryStore>
  readonly catalog: ReturnType<typeof memoryCatalog>
  readonly files: JsonFiles
}

export type Faults = Omit<StoreFaults, 'clock' | 'random'> & Omit<CatalogFaults, 'clock' | 'random'>

export function shared(
  options: Pick<Shared, 'world' | 'random' | 'ends' | 'runMax'> & { readonly faults: Faults },
): Shared {
  const { world, random, faults } = options
  const chance = { clock: world.clock, random }
  const files = jsonFiles()
  // Getters, so that a schedule can end the faults by changing the object.
  const live = <T extends object>(of: T): T & typeof chance =>
    new Proxy(
      { ...of, ...chance },
      { get: (own, key) => Reflect.get(key in chance ? own : of, key) },
    )
  return {
    ...options,
    files,
    store: memoryStore({ faults: live(faults), take: takeFrom(files) }),
    catalog: memoryCatalog(live(faults)),
  }
}

/** A process that opens the lake and lands the tape until all of it is there; it starts again after a fault. */
export async function runLander(of: Shared, process: SimulatedProcess): Promise<void> {
  const { world, random } = of
  while (true) {
    try {
      const lake = await openSimulatedLake(of, process)
      await land({
        log: simulatedLog(of),
        lake: {
          ...lake,
          commit: async (staged) => {
            await lake.commit(staged)
            checkVisible(of, staged)
          },
        },
        group: 'simulated',
        decode: ({ partition: part, first, next }) => rowsOf({ partition: part, first, next }),
        roll: simulatedRoll(random),
        endOfTurn: () => world.clock.sleep(100 + random.next() * 1_000),
        signal: new AbortController().signal,
      })
      return
    } catch (error) {
      if (!isFault(error, 'unavailable') && !isFault(error, 'conflict')) throw error
      await world.clock.sleep(100 + random.next() * 1_000)
    }
  }
}

/** The lake as one process sees it: each of its calls is a step at which it may die or stop. */
export const openSimulatedLake = (of: Shared, process: SimulatedProcess): Promise<IcebergLake> =>
  openIcebergLake({
    table: RECORDS,
    log: LOG,
    source: SOURCE,
    catalog: stepped(of.catalog, process, ['load', 'swap']),
    store: stepped(of.store, process, ['create', 'read', 'remove']),
    parquet: jsonWriter(RECORDS, of.files),
    removeLocal: async (path) => void of.files.waiting.delete(path),
    clock: of.world.clock,
    random: of.random,
    mode: 'write',
  })

/** The tape: every turn begins where the lake says and ends where the tape ends. */
function simulatedLog({ ends, random, runMax }: Shared): Log {
  const partitions = ends.map((_, i) => partition(i))
  const turns: Log['turns'] = async function* turns({ start }) {
    while (true) {
      const positions = await start(partitions)
      checkLandmarks(positions)
      if (partitions.every((part) => nextOf(positions, part) === ends[part])) return
      yield turn(positions)
    }
  }
  async function* turn(positions: Positions): AsyncGenerator<Run> {
    const at = partitions.map((part) => nextOf(positions, part))
    while (true) {
      const open = partitions.filter((part) => (at[part] ?? 0) < (ends[part] ?? 0))
      const part = open[random.integer(open.length)]
      if (part === undefined) return
      const first = at[part] ?? 0
      const next = Math.min(ends[part] ?? 0, first + 1 + random.integer(runMax))
      at[part] = next
      yield rowsOf({ partition: part, first, next }).run
    }
  }
  return {
    id: LOG,
    turns,
    bounds: async () =>
      new Map(
        partitions.map((part) => [part, { earliest: offset(0), end: offset(ends[part] ?? 0) }]),
      ),
    read: () => assert.fail('not simulated'),
    landed: () => assert.fail('not simulated'),
    trim: () => assert.fail('not simulated'),
  }
}

/** A commit that resolved is what everybody sees. */
function checkVisible({ store, catalog }: Shared, { stretches }: Staged): void {
  const location = catalog.pointers.get(`market.${RECORDS.name}`) ?? ''
  const bytes = store.objects.get(store.keyOf(location) ?? '')
  const { properties } = parseMetadata(Buffer.from(bytes ?? []).toString(), location)
  const positions = decodePositions(properties[positionsKey(LOG)] ?? '')
  for (const [part, { position }] of stretches) assert.ok(nextOf(positions, part) >= position.next)
}

const nextOf = (positions: Positions, part: Partition): number => positions.get(part)?.next ?? 0

function checkLandmarks(positions: Positions): void {
  for (const [part, { next, last }] of positions) {
    assert.equal(last?.offset, next - 1)
    assert.equal(last?.crc, crcOf(part, next - 1))
  }
}

/** Gathers one to four runs; those of one partition are contiguous because the turn's are. */
const simulatedRoll = (random: Random): Stage<Rows, Rolled> =>
  async function* rolled(input) {
    let batch: Rows[] = []
    for await (const rows of input) {
      batch.push(rows)
      if (random.integer(4) > 0) continue
      yield joined(batch)
      batch = []
    }
    if (batch.length > 0) yield joined(batch)
  }

function joined(batches: readonly Rows[]): Rolled {
  const byPartition = Map.groupBy(batches, ({ run }) => run.partition)
  return roll(
    [...byPartition].map(([part, rows]) => ({
      partition: part,
      first: Math.min(...rows.map(({ run }) => run.first)),
      next: Math.max(...rows.map(({ run }) => run.next)),
    })),
  )
}
