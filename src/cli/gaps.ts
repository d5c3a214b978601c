import { limitsOf, withQuery } from './ask.ts'
import type { Command } from './command.ts'
import { gapRows, joinedGaps } from '../query/gap-list.ts'
import { EXIT } from './exit.ts'
import { alignColumns, plain } from './terminal.ts'
import { isoOf, parseTime, showTime } from '../market/times.ts'
import { showSpan } from './times.ts'

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
    const { parseDuration } = await import('../flow/durations.ts')
    const { Fault } = await import('../flow/fault.ts')
    const rows = await withQuery(invocation, async (query, parts) => {
      const zone = parts.loaded.settings.tz
      const at = (name: string) => {
        const text = flags.get(name)
        return text === undefined ? null : parseTime(text, zone, Date.now())
      }
      const lengthMsMin = parseDuration(flags.get('min') ?? '0s')
      if (lengthMsMin === null)
        throw new Fault('invalid', `--min takes a duration, not ${flags.get('min')}`, {
          remedy: 'Write 500ms, 1s or 5m.',
        })
      const symbols = positionals.length === 0 ? null : positionals
      const asked = { symbols, fromMs: at('from'), toMs: at('to'), lengthMsMin }
      const { millisMax } = limitsOf(parts, null)
      const found = await gapRows(query, asked, { millisMax, signal })
      return found.map((gap) => ({ ...gap, zone }))
    })
    if (json) {
      for (const { zone: _, ...gap } of rows)
        await terminal.out(
          `${JSON.stringify({ ...gap, from: isoOf(gap.from), to: isoOf(gap.to), seconds: (gap.to - gap.from) / 1000 })}\n`,
        )
      return EXIT.ok
    }
    if (rows.length === 0) {
      await terminal.out('no gaps\n')
      return EXIT.ok
    }
    const zone = rows[0]?.zone ?? 'UTC'
    const head = [`FROM ${zone}`, 'TO', 'LENGTH', 'CAUSE', 'SYMBOLS']
    const lines = joinedGaps(rows).map((gap) => [
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
