import { DUCKDB_TYPES, sqlName, type Connection } from '../../duckdb/duckdb.ts'
import type { Offset, Partition, Run } from '../../market/records.ts'
import type { Rows, Table } from '../../market/tables.ts'

/** Records [first, next) of one partition that stand in the generation's table. */
export type Held = { readonly first: Offset; readonly next: Offset }
type Segment = Held & {
  readonly partition: Partition
  readonly bytes: number
  readonly lastReceivedMs: number | null
}

/**
 * One table of tail rows. It only grows; what the lake has meanwhile is left out by the queries' bounds, and
 * goes with the table. A generation that is retired is dropped when the last query over it has ended.
 */
export type Generation = {
  readonly table: string
  held(partition: Partition): Held | undefined
  /** Nothing is held of the partition any more; what comes next begins at `from`. */
  restart(partition: Partition, from: Offset): void
  append(batches: readonly Rows[]): Promise<void>
  /** Bytes of records at or past `from`, and of those before. */
  weigh(from: ReadonlyMap<Partition, Offset>): { readonly live: number; readonly dead: number }
  /** When the last record held of the partition came, ms; null: none is held. */
  lastReceivedMs(partition: Partition): number | null
  use(): void
  release(): Promise<void>
  retire(): Promise<void>
}

export async function openGeneration(
  connection: Connection,
  table: Table,
  name: string,
): Promise<Generation> {
  const columns = table.fields.map((f) => `${sqlName(f.name)} ${DUCKDB_TYPES[f.type]}`)
  await connection.run(`CREATE TABLE ${name} (${columns.join(', ')})`)
  const held = new Map<Partition, Held>()
  let segments: Segment[] = []
  let uses = 1 // the tail itself
  const release = async () => {
    uses -= 1
    if (uses === 0) await connection.run(`DROP TABLE ${name}`)
  }
  return {
    table: name,
    held: (partition) => held.get(partition),
    restart: (partition, from) => held.set(partition, { first: from, next: from }),
    append: async (batches) => {
      const filled = batches.filter(({ count }) => count > 0)
      if (filled.length > 0) {
        await using staged = await connection.stage(table, filled)
        await connection.run(`INSERT INTO ${name} ${staged.select()}`)
      }
      for (const { run } of batches) {
        const first = held.get(run.partition)?.first ?? run.first
        held.set(run.partition, { first, next: run.next })
        segments.push(segmentOf(run))
      }
    },
    weigh: (from) => {
      const isLive = ({ partition, next }: Segment) => next > (from.get(partition) ?? next)
      const [live, all] = [segments.filter(isLive), segments].map(weight)
      return { live: live ?? 0, dead: (all ?? 0) - (live ?? 0) }
    },
    lastReceivedMs: (partition) =>
      segments.findLast((s) => s.partition === partition && s.lastReceivedMs !== null)
        ?.lastReceivedMs ?? null,
    use: () => {
      uses += 1
    },
    release,
    retire: async () => {
      segments = []
      await release()
    },
  }
}

const weight = (segments: readonly Segment[]): number =>
  segments.reduce((sum, { bytes }) => sum + bytes, 0)

const segmentOf = (run: Run): Segment => ({
  partition: run.partition,
  first: run.first,
  next: run.next,
  bytes: run.ends[run.count - 1] ?? 0,
  lastReceivedMs: run.receivedMs[run.count - 1] ?? null,
})
