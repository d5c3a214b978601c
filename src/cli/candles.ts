import { Fault } from '../flow/fault.ts'
import { parseTime } from '../market/times.ts'
import { candleObject, candlesOf, widthMs, type Candle } from '../query/candles.ts'
import type { Query } from '../query/query.ts'
import { cellText } from '../query/row-text.ts'
import { choice, wholeNumber } from './args.ts'
import { limitsOf, unknownSymbol, withQuery } from './ask.ts'
import { barTable } from './bar-table.ts'
import { chart } from './chart.ts'
import type { Command, Invocation } from './command.ts'
import { EXIT } from './exit.ts'
import { plain } from './terminal.ts'

const BARS = 60

export const command: Command = {
  text: {
    name: 'candles',
    takes: 'SYMBOL',
    summary: 'Bars of a symbol, by the right condition rules',
    examples: [
      ['ticklake candles AAPL', 'the last hour of minutes'],
      ['ticklake candles AAPL --interval 1d --from 2026-11-01', 'days'],
      ['ticklake candles BINANCE:BTCUSDT --interval 5m --json', 'for programs'],
    ],
    about:
      'Bars are of one session each: regular (with symbols that have no hours), extended (before the open\n' +
      'and after the close), or all. A bar without an eligible trade has volume and no prices.',
    flags: [
      { name: 'interval', metavar: 'WIDTH', doc: '30s, 1m, 5m, 1h, 1d (default 1m)' },
      { name: 'from', metavar: 'TIME', doc: 'First bar' },
      { name: 'to', metavar: 'TIME', doc: 'Before this' },
      { name: 'session', metavar: 'WHICH', doc: 'regular, extended or all (default regular)' },
      {
        name: 'lines',
        short: 'n',
        metavar: 'N',
        doc: `The last N bars (default ${BARS} without --from)`,
      },
    ],
    positionalsMax: 1,
  },
  run: async (invocation) => {
    const { terminal, json } = invocation
    const { bars, zone, symbol, recorded } = await read(invocation)
    if (json) {
      for (const bar of bars) await terminal.out(`${JSON.stringify(candleObject(symbol, bar))}\n`)
      return EXIT.ok
    }
    if (bars.length === 0) {
      const known = recorded.includes(symbol)
      const where = 'look at other times with --from, outside regular hours with --session all'
      terminal.err(
        known ? `no bars of ${plain(symbol)} then; ${where}\n` : unknownSymbol([symbol], recorded),
      )
      return EXIT.ok
    }
    if (terminal.outIsScreen) await terminal.out(chart(bars, { terminal, title: plain(symbol) }))
    const columnsMax = terminal.outIsScreen ? terminal.columns : Number.POSITIVE_INFINITY
    await terminal.out(barTable(bars, { zone, columnsMax }))
    return EXIT.ok
  },
}

type Found = {
  readonly bars: readonly Candle[]
  readonly zone: string
  readonly symbol: string
  /** Asked only where there is no bar. */
  readonly recorded: readonly string[]
}

async function read(invocation: Invocation): Promise<Found> {
  const { positionals, flags, signal } = invocation
  const [symbol] = positionals
  if (symbol === undefined)
    throw new Fault('invalid', 'candles needs a SYMBOL', { remedy: 'As in ticklake candles AAPL.' })
  const width = flags.get('interval') ?? '1m'
  if (widthMs(width) === null)
    throw new Fault('invalid', `--interval takes 30s, 1m, 5m, 1h or 1d, not ${width}`, {
      remedy: 'Correct --interval.',
    })
  const session = choice(flags, 'session', ['regular', 'extended', 'all']) ?? 'regular'
  return withQuery(invocation, async (query, parts) => {
    const zone = parts.loaded.settings.tz
    const at = (name: string) => {
      const text = flags.get(name)
      return text === undefined ? null : parseTime(text, zone, Date.now())
    }
    const [fromMs, toMs] = [at('from'), at('to')]
    const limit = wholeNumber(flags, 'lines') ?? (fromMs === null ? BARS : null)
    const { millisMax } = limitsOf(parts, null)
    const asked = { symbol, width, session, fromMs, toMs, zone, limit }
    const { bars } = await candlesOf(query, asked, { millisMax, signal })
    const recorded = bars.length > 0 ? [] : await symbolsOf(query, signal)
    return { bars, zone: width === '1d' ? 'UTC' : zone, symbol, recorded }
  })
}

/** Every symbol with a trade, the most traded first. */
async function symbolsOf(query: Query, signal: AbortSignal): Promise<readonly string[]> {
  const sql = 'SELECT symbol FROM trades GROUP BY symbol ORDER BY count(*) DESC, symbol'
  const { batches } = await query.run(sql, { rowsMax: null, millisMax: null }, signal)
  return (await Array.fromAsync(batches)).flat().map(([symbol]) => cellText(symbol ?? null) ?? '')
}
