import { sqlText, sqlTime } from './sql-text.ts'
import { limitsOf, withQuery } from './ask.ts'
import type { Command } from './command.ts'
import { cellText } from './formats.ts'
import { EXIT } from './exit.ts'
import { alignColumns, plain } from './terminal.ts'
import { parseTime, showSpan, showTime } from './times.ts'

/** A gap of more symbols than this names some and counts the rest. */
const SYMBOLS_NAMED = 4

export const command: Command = {
  text: {
    name: 'gaps',
    takes: '[SYMBOL…]',
    summary: 'What was missed, when and why',
    examples: [
      ['ticklake gaps --from today', "today's"],
      ['ticklake gaps AAPL', 'those of one symbol, and of all'],
      ['ticklake gaps --min 1s --json', 'of a second at least, for programs'],
    ],
    about:
      'A gap is a stretch in which nobody was connected, subscribed and writing. A feed that silently sends\n' +
      'nothing for a symbol cannot be told from a quiet market.',
    flags: [
      { name: 'from', metavar: 'TIME', doc: 'Only gaps that reach past this' },
      { name: 'to', metavar: 'TIME', doc: 'Only gaps that begin before this' },
      { name: 'min', metavar: 'TIME', doc: 'Only gaps at least this long, as in 1s' },
    ],
    positionalsMax: Infinity,
  },
  run: async (invocation) => {
    const { flags, positionals, json, terminal, signal } = invocation
    const { parseDuration } = await import('../config/units.ts')
    const { Fault } = await import('../flow/fault.ts')
    const rows = await withQuery(invocation, async (query, parts) => {
      const zone = parts.loaded.settings.tz
      const at = (name: string) => {
        const text = flags.get(name)
        return text === undefined ? null : sqlTime(parseTime(text, zone, Date.now()))
      }
      const least = parseDuration(flags.get('min') ?? '0s')
      if (least === null)
        throw new Fault('invalid', `--min takes a duration, not ${flags.get('min')}`, {
          remedy: 'Write 500ms, 1s or 5m.',
        })
      const [from, to] = [at('from'), at('to')]
      const where = [
        `epoch_ms(to_ts) - epoch_ms(from_ts) >= ${least}`,
        ...(from === null ? [] : [`to_ts > ${from}`]),
        ...(to === null ? [] : [`from_ts < ${to}`]),
        ...(positionals.length === 0
          ? []
          : [`(symbol IS NULL OR symbol IN (${positionals.map(sqlText).join(', ')}))`]),
      ]
      const sql = `SELECT symbol, epoch_ms(from_ts), epoch_ms(to_ts), cause, open FROM gaps
WHERE ${where.join(' AND ')} ORDER BY from_ts, symbol`
      const answer = await query.run(sql, limitsOf(parts, null), signal)
      const found = (await Array.fromAsync(answer.batches)).flat()
      return found.map(([symbol, fromMs, toMs, cause, open]) => ({
        symbol: cellText(symbol ?? null),
        from: Number(fromMs),
        to: Number(toMs),
        cause: cellText(cause ?? null) ?? '',
        open: open === true,
        zone,
      }))
    })
    const iso = (ms: number) => new Date(ms).toISOString()
    if (json) {
      for (const { zone: _, ...gap } of rows)
        await terminal.out(
          `${JSON.stringify({ ...gap, from: iso(gap.from), to: iso(gap.to), seconds: (gap.to - gap.from) / 1000 })}\n`,
        )
      return EXIT.ok
    }
    if (rows.length === 0) {
      await terminal.out('no gaps\n')
      return EXIT.ok
    }
    const zone = rows[0]?.zone ?? 'UTC'
    const head = [`FROM ${zone}`, 'TO', 'LENGTH', 'CAUSE', 'SYMBOLS']
    const lines = together(rows).map((gap) => [
      showTime(gap.from, zone),
      gap.open ? 'still open' : showTime(gap.to, zone),
      showSpan(gap.to - gap.from),
      plain(gap.cause),
      gap.symbols.length === 0 ? 'all' : plain(shortList(gap.symbols)),
    ])
    await terminal.out(alignColumns([head, ...lines], [false, false, true]))
    return EXIT.ok
  },
}

/** The first few by name: a line stays a line. --json has them all. */
const shortList = (symbols: readonly string[]): string =>
  symbols.length <= SYMBOLS_NAMED
    ? symbols.join(' ')
    : `${symbols.slice(0, SYMBOLS_NAMED - 1).join(' ')} and ${symbols.length - SYMBOLS_NAMED + 1} more`

type Shown = {
  readonly symbol: string | null
  readonly from: number
  readonly to: number
  readonly cause: string
  readonly open: boolean
}

/** Gaps of several symbols that are the same stretch for the same cause, as one. */
function together(
  gaps: readonly Shown[],
): readonly (Omit<Shown, 'symbol'> & { readonly symbols: readonly string[] })[] {
  const same = Map.groupBy(
    gaps,
    ({ symbol, from, to, cause }) => `${symbol === null} ${from} ${to} ${cause}`,
  )
  return [...same.values()].flatMap((group) => {
    const [first] = group
    if (first === undefined) return []
    return [{ ...first, symbols: group.flatMap(({ symbol }) => (symbol === null ? [] : [symbol])) }]
  })
}
