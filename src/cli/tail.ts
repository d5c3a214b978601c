import type { Trades } from '../market/trades.ts'
import type { Run } from '../market/records.ts'
import { wholeNumber } from './args.ts'
import { unknownSymbol } from './ask.ts'
import type { Command, Invocation } from './command.ts'
import { bySettings, EXIT } from './exit.ts'
import { readOn } from './read-on.ts'
import { alignColumns, plain } from './terminal.ts'
import { isoOf, showTime } from '../market/times.ts'

/** Without -n a person sees this many that came before. */
const BEFORE = 10
/** To find the last n of some symbols, at most this many records are read back. */
const LOOK_BACK_MAX = 1_000_000

export const command: Command = {
  text: {
    name: 'tail',
    takes: '[SYMBOL…]',
    summary: 'Trades as they are recorded',
    examples: [
      ['ticklake tail', 'all of them, as they come'],
      ['ticklake tail AAPL -n 100', 'the last 100 of one symbol, then those that come'],
      ['ticklake tail -n 5 --no-follow | jq .price', 'the last five as NDJSON'],
    ],
    about: 'On a pipe, or with --json: one JSON object a line.',
    flags: [
      {
        name: 'lines',
        short: 'n',
        metavar: 'N',
        doc: `Trades that came before (default ${BEFORE})`,
      },
      { name: 'no-follow', doc: 'End after those' },
    ],
    positionalsMax: Infinity,
  },
  run: async (invocation) => {
    const { tradeDecoder } = await import('../config/components.ts')
    const { openTapeToRead, partsToAsk } = await import('../config/tapes.ts')
    const { lastOf } = await import('../serve/overview.ts')
    const { flags, signal, positionals } = invocation
    const loaded = await invocation.settings()
    const parts = await bySettings(() => partsToAsk(loaded))
    await using tape = await bySettings(() => openTapeToRead(parts))
    const wanted = new Set(positionals)
    const lines = wholeNumber(flags, 'lines') ?? BEFORE
    const decode = await tradeDecoder()
    const show = printer(invocation, parts.loaded.settings.tz)
    const bounds = await tape.trades.bounds()
    const end = new Map([...bounds].map(([partition, at]) => [partition, at.end]))
    if (lines > 0) {
      const back = wanted.size === 0 ? lines * 2 + 100 : LOOK_BACK_MAX
      let last: Line[] = []
      const from = lastOf(bounds, back)
      const seen = new Set<string>()
      for await (const run of readOn(tape.trades, { from, until: end }, signal)) {
        const trades = decode(run)
        if (wanted.size > 0) trades.symbols.forEach((symbol) => seen.add(symbol))
        last = [...last, ...linesOf(trades, run, wanted)].slice(-lines)
      }
      await show(last)
      const unknown = positionals.filter((symbol) => !seen.has(symbol))
      if (unknown.length > 0) invocation.terminal.err(unknownSymbol(unknown, [...seen].sort()))
    }
    if (flags.has('no-follow')) return EXIT.ok
    for await (const run of readOn(tape.trades, { from: end, until: 'follow' }, signal))
      await show(linesOf(decode(run), run, wanted))
    return EXIT.ok
  },
}

type Line = {
  readonly symbol: string
  readonly ts: number
  readonly price: number
  readonly volume: number
  readonly conditions: string | null
  readonly received_at: number
  readonly redelivered: boolean
}

function linesOf(trades: Trades, run: Run, wanted: ReadonlySet<string>): Line[] {
  const lines: Line[] = []
  for (let i = 0; i < run.count; i++) {
    const symbol = trades.symbols[trades.symbol[i] ?? 0] ?? ''
    if (trades.defect[i] !== 0 || (wanted.size > 0 && !wanted.has(symbol))) continue
    lines.push({
      symbol,
      ts: trades.timeMs[i] ?? NaN,
      price: trades.price[i] ?? NaN,
      volume: trades.volume[i] ?? NaN,
      conditions: trades.conditionSets[trades.conditions[i] ?? 0] ?? null,
      received_at: run.receivedMs[i] ?? NaN,
      redelivered: run.redelivered[i] === 1,
    })
  }
  return lines
}

function printer(
  { terminal, json }: Invocation,
  zone: string,
): (lines: readonly Line[]) => Promise<void> {
  if (json || !terminal.outIsScreen)
    return async (lines) => {
      if (lines.length === 0) return
      const text = lines.map((line) =>
        JSON.stringify({ ...line, ts: isoOf(line.ts), received_at: isoOf(line.received_at) }),
      )
      await terminal.out(`${text.join('\n')}\n`)
    }
  let begun = false
  return async (lines) => {
    if (lines.length === 0) return
    const head = begun ? [] : [[`TIME ${zone}`, 'SYMBOL', 'PRICE', 'VOLUME', 'CONDITIONS']]
    begun = true
    const rows = lines.map((line) => [
      showTime(line.ts, zone).padEnd(23),
      plain(line.symbol).padEnd(16),
      line.price.toFixed(2).padStart(12),
      String(line.volume).padStart(12),
      `${plain(line.conditions ?? '')}${line.redelivered ? ' (sent again)' : ''}`,
    ])
    await terminal.out(alignColumns([...head, ...rows], [false, false, true, true]))
  }
}
