import { describeKind } from '../config/schema.ts'
import type { Setting } from '../config/setting.ts'
import { SETTINGS, SETTING_NAMES, flagOf } from '../config/settings.ts'
import { GLOBAL_FLAGS } from './args.ts'
import type { CommandText, Flag } from './command.ts'
import { COMMANDS } from './commands.ts'

/** docs/reference.md, made from the table of settings and the commands' own words. */
export async function referencePage(): Promise<string> {
  const loaded = await Promise.all(COMMANDS.map(({ load }) => load()))
  const commands = loaded.map(({ command }) => commandSection(command.text))
  return [
    '# Reference\n',
    '<!-- Made by `ticklake config reference`; a test keeps it current. -->\n',
    '## Commands\n',
    ...commands,
    '### Flags of every command\n',
    flagTable(GLOBAL_FLAGS),
    '### Exit codes\n',
    EXIT_CODES,
    '## Settings\n',
    SETTINGS_INTRODUCTION,
    settingTable(),
  ].join('\n')
}

const EXIT_CODES = `| code | meaning |
| --- | --- |
| 0 | done; also when a drain after Ctrl-C or SIGTERM was completed |
| 1 | it ran and the answer is bad, or it failed at run time |
| 2 | the command line is wrong |
| 78 | the settings are wrong |
| 130, 143 | ended by SIGINT, SIGTERM before the drain was done |
`

const SETTINGS_INTRODUCTION = `Stronger first: flag, environment, \`.env\`, \`ticklake.yaml\` (or \`--config FILE\`), the user's file
(\`~/.config/ticklake/ticklake.yaml\`), default. \`ticklake config show --origin\` says where each came from. In the
file a dot is a level: \`land.age\` is \`age:\` below \`land:\`. What is not known is an error with its line.
`

const cell = (text: string): string => text.replaceAll('|', '\\|')

function commandSection({ name, takes, summary, examples, flags, about }: CommandText): string {
  const lines = examples.map(([line, does]) => `${line}  # ${does}`).join('\n')
  return [
    `### ticklake ${`${name} ${takes}`.trim()}\n`,
    `${summary}.\n`,
    `\`\`\`sh\n${lines}\n\`\`\`\n`,
    ...(about === undefined ? [] : [`${about}\n`]),
    ...(flags.length === 0 ? [] : [flagTable(flags)]),
  ].join('\n')
}

function flagTable(flags: readonly Flag[]): string {
  const rows = flags.map(({ name, short, metavar, doc }) => {
    const word = `--${name}${metavar === undefined ? '' : ` ${metavar}`}`
    return `| \`${short === undefined ? word : `-${short}, ${word}`}\` | ${cell(doc)} |`
  })
  return `| flag | |\n| --- | --- |\n${rows.join('\n')}\n`
}

function settingTable(): string {
  const rows = SETTING_NAMES.map((name) => {
    const { kind, default: written, fallback, env, doc, commands }: Setting = SETTINGS[name]
    const flag = flagOf(name)
    const otherwise = written === null ? (fallback ?? 'none') : `\`${written}\``
    const takenBy = commands === 'all' ? 'all' : commands.join(', ')
    return `| \`${name}\` | ${cell(doc)} | ${cell(describeKind(kind))} | ${cell(otherwise)} | \`${env}\` | ${flag === null ? 'never a flag' : `\`${flag}\` (${takenBy})`} |`
  })
  return `| setting | | takes | default | variable | flag |\n| --- | --- | --- | --- | --- | --- |\n${rows.join('\n')}\n`
}
