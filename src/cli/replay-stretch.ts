import type { Parts } from '../config/components.ts'
import type { Query } from '../query/query.ts'
import type { ReplaySource } from '../replay/replay.ts'
import type { ReplayTrade } from '../replay/trades-source.ts'
import type { Invocation } from './command.ts'
import { cellText } from '../query/row-text.ts'
import { sqlText, sqlTime, sqlWhere } from '../query/literals.ts'
import { parseTime } from '../market/times.ts'

type Stretch = {
  readonly fromMs?: number
  readonly toMs?: number
  readonly symbols?: readonly string[]
}

/** A stretch of the tape or of the lake, as frames of the feed. */
export async function stretchSource(
  parts: Parts,
  source: 'tape' | 'lake',
  { flags, signal }: Invocation,
): Promise<ReplaySource> {
  const at = (name: string) => {
    const text = flags.get(name)
    return text === undefined ? null : parseTime(text, parts.loaded.settings.tz, parts.clock.now())
  }
  const fromMs = at('from')
  const toMs = at('to')
  const symbols = flags.get('symbols')?.split(',')
  const stretch: Stretch = {
    ...(fromMs !== null && { fromMs }),
    ...(toMs !== null && { toMs }),
    ...(symbols !== undefined && { symbols }),
  }
  const replays = await import('../config/replays.ts')
  if (source === 'tape') {
    const { openTapeToRead } = await import('../config/tapes.ts')
    return replays.tapeFrames(await openTapeToRead(parts), stretch, parts.log)
  }
  const { openQuery } = await import('../config/asking.ts')
  const query = await openQuery(parts)
  return replays.tradeFrames(() => tradesOf(query, stretch, signal))
}

async function* tradesOf(
  query: Query,
  { fromMs, toMs, symbols }: Stretch,
  signal: AbortSignal,
): AsyncIterable<ReplayTrade> {
  const where = [
    ...(fromMs === undefined ? [] : [`received_at >= ${sqlTime(fromMs)}`]),
    ...(toMs === undefined ? [] : [`received_at < ${sqlTime(toMs)}`]),
    ...(symbols === undefined ? [] : [`symbol IN (${symbols.map(sqlText).join(', ')})`]),
  ]
  const sql = `SELECT symbol, epoch_ms(ts), price, volume, conditions, epoch_ms(received_at) FROM trades
${sqlWhere(where)}
ORDER BY received_at, tape_partition, tape_offset`
  const { batches } = await query.run(sql, { rowsMax: null, millisMax: null }, signal)
  for await (const batch of batches)
    for (const [symbol, timeMs, price, volume, conditions, receivedMs] of batch)
      yield {
        symbol: cellText(symbol ?? null) ?? '',
        timeMs: Number(timeMs),
        price: Number(price),
        volume: Number(volume),
        conditions: cellText(conditions ?? null),
        receivedMs: Number(receivedMs),
      }
}
