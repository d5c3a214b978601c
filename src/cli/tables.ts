import type { KeptTable, TableName } from '../config/upkeep.ts'
import { choice } from './args.ts'
import type { Flag, Invocation } from './command.ts'
import { showCount } from './times.ts'

export const TABLE_NAMES = ['records', 'feed_log'] as const satisfies readonly TableName[]

export const TABLE_FLAG: Flag = {
  name: 'table',
  metavar: 'NAME',
  doc: 'records or feed_log; both, unless it is named',
}

/** Those of the tables that `--table` names, or all. Faults: `invalid`. */
export function chosenTables(
  { flags }: Pick<Invocation, 'flags'>,
  tables: readonly KeptTable[],
): readonly KeptTable[] {
  const name = choice(flags, 'table', TABLE_NAMES)
  return name === null ? tables : tables.filter((one) => one.name === name)
}

const DAY_MS = 86_400_000

/** A day (UTC) of the lake as text; null is that of records without a time. */
export const dayText = (day: number | null): string =>
  day === null ? 'no time' : new Date(day * DAY_MS).toISOString().slice(0, 10)

/** `1 file`, `1,234 files`. */
export const counted = (count: number, word: string): string =>
  `${showCount(count)} ${word}${count === 1 ? '' : 's'}`
