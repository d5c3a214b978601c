import type { Setting } from '../config/setting.ts'
import { SETTINGS, flagOf, settingsOf } from '../config/settings.ts'
import { GLOBAL_FLAGS, settingFlag } from './args.ts'
import type { CommandText, Flag } from './command.ts'
import { COMMANDS } from './commands.ts'
import { alignColumns, type Terminal } from './terminal.ts'

const GROUPS = { run: 'Run', ask: 'Ask', care: 'Care' } as const

/** The program's help: examples first. */
export function programHelp({ paint }: Terminal): string {
  const title = (text: string) => `${paint('bold', text)}\n`
  const examples = alignColumns([
    ['  ticklake up', 'record, land and serve; without a key, a simulated market'],
    ['  ticklake sql "FROM trades ORDER BY ts DESC LIMIT 5"', 'the last trades, a second old'],
    ['  ticklake candles AAPL --from today', "today's bars"],
    ['  FINNHUB_TOKEN=… ticklake up AAPL MSFT', 'real trades'],
  ])
  const groups = Object.entries(GROUPS).map(([group, name]) => {
    const rows = COMMANDS.filter((command) => command.group === group)
    return title(name) + alignColumns(rows.map((row) => [`  ${row.name}`, row.summary]))
  })
  const tail = 'Help of one: ticklake COMMAND --help. All settings: ticklake config show.\n'
  return [
    'ticklake records live stock trades and makes them a table anyone can query.\n',
    title('Examples') + examples,
    ...groups,
    title('Everywhere') + flagLines(GLOBAL_FLAGS),
    tail,
  ].join('\n')
}

/** A command's help: examples, then what it takes. */
export function commandHelp(text: CommandText, { paint }: Terminal): string {
  const title = (name: string) => `${paint('bold', name)}\n`
  const settings = settingsOf(text.name).flatMap((name) => {
    const flag = flagOf(name)?.slice(2)
    const setting: Setting = SETTINGS[name]
    const otherwise = setting.default ?? setting.fallback
    const shown = otherwise === undefined ? '' : ` (default ${otherwise})`
    if (flag === undefined) return []
    return [{ ...settingFlag(name, flag), doc: `${setting.doc}${shown}` }]
  })
  const sections = [
    `ticklake ${text.name} ${text.takes}`.trimEnd() + `\n\n${text.summary}.\n`,
    title('Examples') + alignColumns(text.examples.map(([line, does]) => [`  ${line}`, does])),
  ]
  if (text.about !== undefined) sections.push(`${text.about}\n`)
  if (text.flags.length > 0) sections.push(title('Flags') + flagLines(text.flags))
  if (settings.length > 0) sections.push(title('Settings') + flagLines(settings))
  sections.push(title('Everywhere') + flagLines(GLOBAL_FLAGS))
  return sections.join('\n')
}

const flagLines = (flags: readonly Flag[]): string =>
  alignColumns(
    flags.map(({ name, short, metavar, doc }) => [
      `  ${short === undefined ? '    ' : `-${short}, `}--${name}${metavar === undefined ? '' : ` ${metavar}`}`,
      doc,
    ]),
  )
