import { Fault } from '../flow/fault.ts'
import { sqlText, sqlTime, sqlWhere } from '../query/literals.ts'
import { isoOf, parseTime } from '../market/times.ts'
import type { Parts } from '../config/components.ts'
import { limitsOf, withQuery } from './ask.ts'
import type { Command, Invocation } from './command.ts'
import { EXIT, signalExit } from './exit.ts'
import { plain } from './terminal.ts'
import { showBytes, showCount } from './times.ts'
import { workingLine } from './working-line.ts'

/** What chooses among the trades where no query is given. */
const TRADES_FLAGS = ['symbols', 'from', 'to']

export const command: Command = {
  text: {
    name: 'export',
    takes: '[QUERY]',
    summary: 'The whole of an answer as Parquet, CSV or NDJSON',
    examples: [
      [
        'ticklake export --symbols AAPL,MSFT --from today -o trades.parquet',
        'trades of two symbols',
      ],
      ['ticklake export "FROM bars(\'5m\') ORDER BY bucket" -o bars.csv', 'what a query gives'],
      ['ticklake export --from -1h -o - | head', 'NDJSON on stdout'],
    ],
    about:
      'Without a QUERY the trades, in order of time. A file is there whole or not at all; its name says the\n' +
      'format. Every digit of a 64-bit number is kept; times are UTC.',
    flags: [
      { name: 'symbols', metavar: 'SYMBOL,…', doc: 'Only trades of these' },
      { name: 'from', metavar: 'TIME', doc: 'Only trades from then on' },
      { name: 'to', metavar: 'TIME', doc: 'Only trades before then' },
      {
        name: 'output',
        short: 'o',
        metavar: 'FILE',
        doc: 'FILE.parquet, FILE.csv or FILE.ndjson; -: NDJSON on stdout',
      },
      { name: 'format', metavar: 'FORMAT', doc: 'parquet, csv or ndjson, whatever the name says' },
    ],
    positionalsMax: 1,
  },
  run: async (invocation) => {
    const { flags, positionals, terminal, signal } = invocation
    const { exportTarget } = await import('./export-target.ts')
    const target = exportTarget(flags)
    const [asked] = positionals
    if (asked !== undefined && TRADES_FLAGS.some((name) => flags.has(name)))
      throw new Fault('invalid', 'a QUERY takes no --symbols, --from or --to', {
        remedy:
          'Say it in the WHERE of the query, or leave the query out: then trades are exported.',
      })
    try {
      await withQuery(invocation, async (query, parts) => {
        const sql = asked ?? tradesSql(invocation, parts)
        const answer = await query.run(sql, limitsOf(parts, null), signal)
        const { writeExported } = await import('./export-target.ts')
        let rows = 0
        const said = () => `${showCount(rows)} rows written`
        const line = workingLine(invocation, said)
        const written = await writeExported(answer, target, {
          out: terminal.out,
          counted: (count) => (rows = count),
        }).finally(() => line[Symbol.dispose]())
        if (written !== null)
          terminal.err(
            `${showCount(rows)} rows, ${showBytes(written.bytes)}, in ${plain(written.path)}\n`,
          )
        const { degraded, receivedMs } = answer.asOf
        if (degraded)
          terminal.err(
            `The lake is far behind the tape: this is as of ${receivedMs === null ? 'the beginning' : isoOf(receivedMs)}.\n`,
          )
      })
    } catch (error) {
      if (!signal.aborted) throw error
      terminal.err('cancelled: nothing was written\n')
      return signalExit(signal.reason)
    }
    return EXIT.ok
  },
}

/** The trades that the flags name, in order of time. */
function tradesSql({ flags }: Invocation, { loaded }: Parts): string {
  const at = (name: string) => {
    const text = flags.get(name)
    return text === undefined ? null : sqlTime(parseTime(text, loaded.settings.tz, Date.now()))
  }
  const [from, to] = [at('from'), at('to')]
  const symbols = (flags.get('symbols') ?? '').split(',').map((symbol) => symbol.trim())
  const named = symbols.filter((symbol) => symbol !== '')
  const where = [
    ...(named.length === 0 ? [] : [`symbol IN (${named.map(sqlText).join(', ')})`]),
    ...(from === null ? [] : [`ts >= ${from}`]),
    ...(to === null ? [] : [`ts < ${to}`]),
  ]
  return `FROM trades ${sqlWhere(where)}
ORDER BY ts, tape_partition, tape_offset`
}
