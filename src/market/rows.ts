import type { SessionEvent } from './feed-events.ts'
import { recordBytes, type Run } from './records.ts'
import { decodeEvent } from './session-events.ts'
import type { Column, Rows } from './tables.ts'
import { DEFECTS, type Trades } from './trades.ts'

type Dictionary = Extract<Column, { kind: 'dictionary' }>

const DEFECT_VALUES: readonly (string | null)[] = DEFECTS.map((defect, id) =>
  id === 0 ? null : defect,
)

/**
 * Trades as rows of the table `records`. Columns are shared with `trades`, not copied; a record with a
 * defect has null symbol, ts, price, volume and conditions, and its bytes in `raw` (a view of the run).
 */
export function recordRows(trades: Trades, source: string): Rows {
  const { run } = trades
  const { count } = run
  const missing = defectFlags(trades.defect, count)
  const shown = (dictionary: Dictionary) =>
    missing === null ? dictionary : nullWhere(dictionary, missing)
  const columns: readonly Column[] = [
    shown({ kind: 'dictionary', ids: trades.symbol, values: trades.symbols }),
    { kind: 'numbers', values: trades.timeMs, missing },
    { kind: 'numbers', values: trades.price, missing },
    { kind: 'numbers', values: trades.volume, missing },
    shown({ kind: 'dictionary', ids: trades.conditions, values: trades.conditionSets }),
    { kind: 'numbers', values: run.receivedMs, missing: null },
    { kind: 'flags', values: run.redelivered },
    { kind: 'constant', value: source },
    missing === null
      ? { kind: 'constant', value: null }
      : { kind: 'dictionary', ids: Uint32Array.from(trades.defect), values: DEFECT_VALUES },
    { kind: 'bytes', at: missing === null ? new Map() : bytesWhere(run, missing) },
    ...place(run),
  ]
  return { run, count, columns }
}

/** A run of the feed log as rows of the table `feed_log`; a record that is no event is a row with its bytes alone. */
export function feedLogRows(run: Run): Rows {
  const { count } = run
  const events: (SessionEvent | null)[] = []
  const bytes = new Map<number, Uint8Array>()
  for (let i = 0; i < count; i++) {
    const record = recordBytes(run, i)
    const event = decodeEvent(record)
    events.push(event)
    const shown = event === null ? record : event.bytes
    if (shown !== null) bytes.set(i, shown)
  }
  const numbers = (of: (event: SessionEvent) => number | null) =>
    numberColumn(events.map((event) => (event === null ? null : of(event))))
  const words = (of: (event: SessionEvent) => string | null) =>
    wordColumn(events.map((event) => (event === null ? null : of(event))))
  const columns: readonly Column[] = [
    numbers((event) => event.at),
    words((event) => event.recorder),
    numbers((event) => event.epoch),
    words((event) => event.source),
    words((event) => event.kind),
    words((event) => (event.symbols === null ? null : JSON.stringify(event.symbols))),
    numbers((event) => event.from),
    numbers((event) => event.to),
    words((event) => event.cause),
    { kind: 'bytes', at: bytes },
    { kind: 'numbers', values: run.receivedMs, missing: null },
    ...place(run),
  ]
  return { run, count, columns }
}

/** The columns tape, tape_partition and tape_offset. */
function place(run: Run): readonly Column[] {
  const { count, first, delta } = run
  const offsets = new Float64Array(count)
  for (let i = 0; i < count; i++) offsets[i] = first + (delta[i] ?? 0)
  return [
    { kind: 'constant', value: run.log },
    { kind: 'constant', value: run.partition },
    { kind: 'numbers', values: offsets, missing: null },
  ]
}

/** 1 where a record has a defect; null when none has, which is nearly always. */
function defectFlags(defect: Uint8Array, count: number): Uint8Array | null {
  let i = 0
  while (i < count && defect[i] === 0) i++
  if (i === count) return null
  const flags = new Uint8Array(count)
  for (; i < count; i++) flags[i] = defect[i] === 0 ? 0 : 1
  return flags
}

function nullWhere({ ids, values }: Dictionary, missing: Uint8Array): Dictionary {
  const known = values.indexOf(null)
  const nullId = known === -1 ? values.length : known
  const shown = ids.slice(0, missing.length)
  for (let i = 0; i < missing.length; i++) if (missing[i] === 1) shown[i] = nullId
  return { kind: 'dictionary', ids: shown, values: known === -1 ? [...values, null] : values }
}

function bytesWhere(run: Run, missing: Uint8Array): ReadonlyMap<number, Uint8Array> {
  const at = new Map<number, Uint8Array>()
  for (let i = 0; i < missing.length; i++) if (missing[i] === 1) at.set(i, recordBytes(run, i))
  return at
}

function numberColumn(cells: readonly (number | null)[]): Column {
  const values = Float64Array.from(cells, (cell) => cell ?? 0)
  const missing = cells.includes(null)
    ? Uint8Array.from(cells, (cell) => (cell === null ? 1 : 0))
    : null
  return { kind: 'numbers', values, missing }
}

function wordColumn(cells: readonly (string | null)[]): Column {
  const values = [...new Set(cells)]
  const idOf = new Map(values.map((value, id) => [value, id]))
  return { kind: 'dictionary', ids: Uint32Array.from(cells, (c) => idOf.get(c) ?? 0), values }
}
