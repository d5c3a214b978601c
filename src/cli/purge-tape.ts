import type { Parts } from '../config/components.ts'
import type { KeptTable } from '../config/upkeep.ts'
import { Fault, isFault } from '../flow/fault.ts'
import { offset, type Offset, type Partition } from '../market/records.ts'
import type { Starts } from '../tape/tape.ts'
import { counted } from './tables.ts'
import { showTime } from '../market/times.ts'
import { landedCount, standingOf, type Standing } from './unlanded.ts'

/** A lander or recorder that runs keeps its lease for days: this long is only for one that is just ending. */
const LEASE_WAIT_MS = 2_000

/**
 * Leases of a SQLite tape, held while it is purged; landers of a topic share it, and need not stop. Faults:
 * `unavailable` while a lander runs, or a recorder where `all` is to go.
 */
export async function purgeLeases(
  parts: Parts,
  { all, signal }: { readonly all: boolean; readonly signal: AbortSignal },
): Promise<AsyncDisposable> {
  await using taking = new AsyncDisposableStack()
  if (parts.places.tape.kind === 'sqlite') {
    const { leaseOf } = await import('../config/tapes.ts')
    for (const role of all ? (['lander', 'recorder'] as const) : (['lander'] as const)) {
      const enough = AbortSignal.timeout(LEASE_WAIT_MS)
      try {
        taking.use(await leaseOf(parts, role)(AbortSignal.any([signal, enough])))
      } catch (error) {
        if (signal.aborted || !isFault(error, 'closed')) throw error
        throw runs(role)
      }
    }
  }
  const taken = taking.move()
  return { [Symbol.asyncDispose]: () => taken.disposeAsync() }
}

const runs = (role: 'lander' | 'recorder'): Fault =>
  new Fault('unavailable', `a ${role} is at work on this tape`, {
    remedy:
      role === 'lander'
        ? 'Stop it first (Ctrl-C of `ticklake up` or `ticklake land`), purge, then start it again. `ticklake record` may go on meanwhile.'
        : 'All is to go, and more would come: stop `ticklake record` too, purge, then start it again.',
  })

/** What becomes of one table's log. */
export type TapePart = { readonly table: KeptTable; readonly standing: Standing }

/** Where every table stands on the tape. */
export const tapeParts = async (tables: readonly KeptTable[]): Promise<readonly TapePart[]> =>
  await Promise.all(tables.map(async (table) => ({ table, standing: await standingOf(table) })))

export const recordsLanded = (parts: readonly TapePart[]): number =>
  parts.reduce((sum, { standing }) => sum + landedCount(standing), 0)

/** Takes all that has landed out of the file of a SQLite tape; says what became of it. */
export async function eraseTape(parts: Parts, logs: readonly TapePart[]) {
  const { eraseSqlite } = await import('../tape/sqlite-erase.ts')
  const { sqliteDir } = await import('../config/places.ts')
  const before: { trades?: Offset; feed?: Offset } = {}
  for (const { table, standing } of logs) {
    const [position] = standing.positions.values()
    if (position !== undefined) before[table.name === 'records' ? 'trades' : 'feed'] = position.next
  }
  return await eraseSqlite({ dir: sqliteDir(parts.places), before, clock: parts.clock })
}

/** Has the brokers forget what has landed. The last event of the feed log stays: a tape is known by its source. */
export async function trimTopics(logs: readonly TapePart[]): Promise<void> {
  for (const { table, standing } of logs) {
    const before: Map<Partition, Offset> = new Map()
    for (const [partition, { next, last }] of standing.positions)
      before.set(partition, table.name === 'records' ? next : (last?.offset ?? offset(0)))
    await table.log.trim(before satisfies Starts)
  }
}

/** For each partition that still holds records which have landed: until when Kafka keeps them. */
export async function keptByKafka(
  parts: Parts,
  logs: readonly TapePart[],
): Promise<readonly string[]> {
  const { describeTape } = await import('../config/topics.ts')
  const { topics } = await describeTape(parts)
  const zone = parts.loaded.settings.tz
  return logs.flatMap(({ table, standing: { bounds, positions } }) => {
    const topic = topics[table.name === 'records' ? 0 : 1]
    const retention = topic?.settings?.get('retention.ms')
    const until = untilText(retention, parts.clock.now(), zone)
    return [...bounds].flatMap(([partition, { earliest }]) => {
      const next = positions.get(partition)?.next ?? 0
      if (next <= earliest) return []
      const place = `${topic?.name ?? table.name} partition ${partition}`
      return [`${place}: ${counted(next - earliest, 'record')} that landed stay ${until}`]
    })
  })
}

function untilText(retention: string | undefined, nowMs: number, zone: string): string {
  if (retention === undefined)
    return 'as long as its retention.ms says, which this user may not ask'
  if (Number(retention) < 0) return 'for ever: its retention.ms is -1'
  const until = showTime(nowMs + Number(retention), zone).slice(0, 16)
  return `until about ${until} ${zone} (retention.ms=${retention}; a segment that is being written goes later)`
}
