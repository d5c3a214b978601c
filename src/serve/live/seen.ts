import type { LogId, Partition, Run } from '../../market/records.ts'
import type { Trades } from '../../market/trades.ts'
import type { Value } from '../../query/query.ts'
import { cellText } from '../../query/row-text.ts'

/** What the next runs are, as the tape is read: some of it again, or not on from where it was. */
export type Continuity = {
  /** The index of the first row that is new; `broken`: rows between were missed, or it is another tape. */
  admit(run: Run): { readonly first: number; readonly broken: boolean }
}

export function createContinuity(): Continuity {
  const nexts = new Map<Partition, number>()
  let log: LogId | null = null
  return {
    admit(run) {
      const isOther = run.log !== log
      if (isOther) nexts.clear()
      log = run.log
      const known = nexts.get(run.partition)
      nexts.set(run.partition, Math.max(known ?? 0, run.next))
      if (known === undefined || run.first >= known)
        return { first: 0, broken: isOther || (known !== undefined && run.first > known) }
      let first = 0
      while (first < run.count && run.first + (run.delta[first] ?? 0) < known) first++
      return { first, broken: false }
    },
  }
}

/** Up to which offset of each partition an answer has seen what it was asked for; that goes for its tape alone. */
export type Seen = ReadonlyMap<string, number>

const keyOf = (tape: string, partition: number): string => `${partition} of ${tape}`

/** Rows of tape, partition and greatest offset. */
export const seenOf = (rows: readonly (readonly [Value, Value, Value])[]): Seen =>
  new Map(
    rows.map(([tape, partition, offset]) => [
      keyOf(cellText(tape) ?? '', Number(partition)),
      Number(offset),
    ]),
  )

/** The greatest offset that was seen of the partition of these trades; -1: none. */
export const seenUntil = (seen: Seen, { run }: Trades): number =>
  seen.get(keyOf(run.log, run.partition)) ?? -1
