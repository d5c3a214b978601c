import type { Offset, Partition, Run } from '../market/records.ts'
import type { Group, Log, StartOf } from '../tape/tape.ts'

/** Offsets that hold no record (Kafka's markers) are never read: after this long without a run it is the end. */
const IDLE_MS = 2_000

/**
 * `log` with one turn only, which ends where the tape ended when it began: the last landing before the end.
 * It is a turn like any other, of the partitions that it is given, so a tape that is not the one that landed is
 * refused here too.
 */
export const untilNow = (log: Log): Log => ({
  ...log,
  turns: async function* turns(group, signal) {
    yield lastTurn(log, group, signal)
  },
})

async function* lastTurn(log: Log, group: Group, signal: AbortSignal): AsyncGenerator<Run> {
  const behind = new Map<Partition, Offset>()
  const done = new AbortController()
  let idle: NodeJS.Timeout | undefined
  const wait = () => {
    clearTimeout(idle)
    idle = setTimeout(() => done.abort(), IDLE_MS)
  }
  const start: StartOf = async (mine) => {
    const positions = await group.start(mine)
    const bounds = await log.bounds()
    behind.clear()
    for (const partition of mine) {
      const { earliest, end } = bounds.get(partition) ?? {}
      const next = positions.get(partition)?.next ?? earliest
      if (next !== undefined && end !== undefined && next < end) behind.set(partition, end)
    }
    if (behind.size === 0) done.abort()
    else wait()
    return positions
  }
  const ends = AbortSignal.any([signal, done.signal])
  try {
    for await (const turn of log.turns({ id: group.id, start }, ends)) {
      for await (const run of turn) {
        clearTimeout(idle) // its rows may take long to sort and write
        yield run
        wait()
        if (run.next >= (behind.get(run.partition) ?? Infinity)) behind.delete(run.partition)
        if (behind.size === 0) return
      }
      return
    }
  } finally {
    clearTimeout(idle)
  }
}
