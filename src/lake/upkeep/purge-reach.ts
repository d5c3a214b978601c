import type { Table } from '../../market/tables.ts'
import type { Live, LiveFile } from '../iceberg/live.ts'
import { timeBounds } from '../iceberg/time-bounds.ts'
import type { DataFile } from '../lake.ts'
import type { Purged } from './purge.ts'
import type { Tended } from './tended.ts'

const DAY_MS = 86_400_000
const MICROS = 1000n // µs a ms

/** Files all of whose rows go, and files of which some may. */
export function goingFiles(
  { table }: Pick<Tended, 'table'>,
  { data }: Live,
  what: Purged,
): { readonly whole: readonly LiveFile[]; readonly partly: readonly LiveFile[] } {
  if (what.kind === 'all') return { whole: data, partly: [] }
  if (what.kind === 'symbols') {
    const symbolId = table.fields.find(({ name }) => name === 'symbol')?.id
    if (symbolId === undefined) return { whole: [], partly: [] }
    const symbols = what.symbols.map((one) => Buffer.from(one))
    return { whole: [], partly: data.filter(({ file }) => maySpeak(file, symbolId, symbols)) }
  }
  const { beforeMs } = what
  const isOlder = ({ file }: LiveFile) => file.day !== null && (file.day + 1) * DAY_MS <= beforeMs
  const isYounger = ({ file }: LiveFile) =>
    file.day === null ? cameLater(table, file, beforeMs) : file.day * DAY_MS >= beforeMs
  const partly = data.filter((one) => !isOlder(one) && !isYounger(one))
  return { whole: data.filter(isOlder), partly }
}

/** Whether no row has a time, and each came at or after `beforeMs`. */
function cameLater({ fields, dayOf }: Table, file: DataFile, beforeMs: number): boolean {
  const idOf = (name: string) => fields.find((field) => field.name === name)?.id ?? 0
  const { lower } = timeBounds(file, idOf('received_at'))
  const isTimeless = file.nullCounts.get(idOf(dayOf)) === file.rows
  return isTimeless && lower !== null && lower >= BigInt(beforeMs) * MICROS
}

/** Rows without a symbol could not be read: their bytes may speak of it. */
function maySpeak(file: DataFile, symbolId: number, symbols: readonly Uint8Array[]): boolean {
  if (file.nullCounts.get(symbolId) !== 0) return true
  const [lower, upper] = [file.lower.get(symbolId), file.upper.get(symbolId)]
  return symbols.some(
    (symbol) =>
      (lower === undefined || Buffer.compare(symbol, lower) >= 0) &&
      (upper === undefined || Buffer.compare(symbol, upper) <= 0),
  )
}
