import type { Run } from '../market/records.ts'
import type { Log, StartOf } from '../tape/tape.ts'

/**
 * `log` with one turn only, which ends where the tape ends when it begins: the last landing before the end.
 * It is a turn like any other, so a tape that is not the one that landed is refused here too.
 */
export const untilNow = (log: Log): Log => ({
  ...log,
  turns: async function* turns(start, signal) {
    yield lastTurn(log, start, signal)
  },
})

async function* lastTurn(log: Log, start: StartOf, signal: AbortSignal): AsyncGenerator<Run> {
  const bounds = await log.bounds()
  const positions = await start([...bounds.keys()])
  const behind = new Map(
    [...bounds]
      .filter(
        ([partition, { earliest, end }]) => (positions.get(partition)?.next ?? earliest) < end,
      )
      .map(([partition, { end }]) => [partition, end]),
  )
  if (behind.size === 0) return
  for await (const turn of log.turns(start, signal)) {
    for await (const run of turn) {
      yield run
      if (run.next >= (behind.get(run.partition) ?? Infinity)) behind.delete(run.partition)
      if (behind.size === 0) return
    }
    return
  }
}
