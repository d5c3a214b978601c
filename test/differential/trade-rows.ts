import type { RowObject } from './duckdb-views.ts'
import { logId, offset, partition } from '../../src/market/records.ts'
import type { Trades } from '../../src/market/trades.ts'

/** One trade with its place on the tape; `defect` is an index of DEFECTS. */
export type Trade = {
  readonly symbol: string
  readonly timeMs: number
  readonly price: number
  readonly volume: number
  readonly conditions: string | null
  readonly partition: number
  readonly offset: number
  readonly redelivered?: boolean
  readonly defect?: number
}

/** As the lake holds it. */
export const recordRow = (trade: Trade): RowObject => {
  const good = (trade.defect ?? 0) === 0
  return {
    symbol: good ? trade.symbol : null,
    ts: good ? trade.timeMs : null,
    price: good ? trade.price : null,
    volume: good ? trade.volume : null,
    conditions: good ? trade.conditions : null,
    received_at: 1,
    redelivered: trade.redelivered ?? false,
    source: 'test',
    defect: good ? null : 'no price',
    raw: good ? null : '{}',
    tape: 'tape-1',
    tape_partition: trade.partition,
    tape_offset: trade.offset,
  }
}

/** As the decoder gives it: trades of one partition, by growing offset. */
export function tradesOf(trades: readonly Trade[]): Trades {
  const symbols = [...new Set(trades.map(({ symbol }) => symbol))]
  const conditionSets = [...new Set(trades.map(({ conditions }) => conditions))]
  const first = trades[0]?.offset ?? 0
  return {
    run: {
      count: trades.length,
      bytes: new Uint8Array(),
      ends: new Uint32Array(trades.length),
      receivedMs: new Float64Array(trades.length),
      redelivered: Uint8Array.from(trades, (trade) => (trade.redelivered === true ? 1 : 0)),
      log: logId('tape-1'),
      partition: partition(trades[0]?.partition ?? 0),
      first: offset(first),
      next: offset((trades.at(-1)?.offset ?? first) + 1),
      delta: Uint32Array.from(trades, (trade) => trade.offset - first),
    },
    symbol: Uint32Array.from(trades, ({ symbol }) => symbols.indexOf(symbol)),
    symbols,
    timeMs: Float64Array.from(trades, ({ timeMs }) => timeMs),
    price: Float64Array.from(trades, ({ price }) => price),
    volume: Float64Array.from(trades, ({ volume }) => volume),
    conditions: Uint32Array.from(trades, ({ conditions }) => conditionSets.indexOf(conditions)),
    conditionSets,
    defect: Uint8Array.from(trades, ({ defect }) => defect ?? 0),
  }
}
