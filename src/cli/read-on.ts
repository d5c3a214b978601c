import { isFault } from '../flow/fault.ts'
import { offset, type Offset, type Partition, type Run } from '../market/records.ts'
import type { Log, Starts } from '../tape/tape.ts'

/** Log.read; where a trim overtakes it, it goes on with the earliest record that is left. */
export async function* readOn(
  log: Log,
  { from, until }: { readonly from: Starts; readonly until: Starts | 'follow' },
  signal: AbortSignal,
): AsyncGenerator<Run, void, undefined> {
  const at = new Map<Partition, Offset>(from)
  while (!signal.aborted) {
    try {
      for await (const run of log.read(at, until, signal)) {
        at.set(run.partition, run.next)
        yield run
      }
      return
    } catch (error) {
      if (!isFault(error, 'conflict')) throw error
      for (const [partition, { earliest }] of await log.bounds())
        at.set(partition, offset(Math.max(earliest, at.get(partition) ?? 0)))
    }
  }
}
