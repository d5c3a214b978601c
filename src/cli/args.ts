import { SETTINGS, flagOf, settingsOf, type SettingName } from '../config/settings.ts'
import { Fault } from '../flow/fault.ts'
import { nearest } from '../flow/nearest.ts'
import type { CommandText, Flag } from './command.ts'

/** Flags that every command knows, before or after its name. */
export const GLOBAL_FLAGS: readonly Flag[] = [
  { name: 'help', short: 'h', doc: 'Show help, of a command where one is named' },
  { name: 'version', short: 'V', doc: 'Show the version' },
  { name: 'json', doc: 'Answers, errors and logs as JSON' },
  { name: 'color', metavar: 'WHEN', doc: 'auto, always or never; NO_COLOR is honoured' },
  { name: 'config', metavar: 'FILE', doc: 'The settings file, instead of ./ticklake.yaml' },
]

export type Arguments = {
  readonly positionals: readonly string[]
  readonly globals: ReadonlyMap<string, string>
  readonly settings: ReadonlyMap<SettingName, string>
  readonly flags: ReadonlyMap<string, string>
}

type Target = {
  readonly flag: Flag
  readonly setting: SettingName | null
  readonly global: boolean
}

const usage = (message: string, remedy: string): Fault => new Fault('invalid', message, { remedy })

/** Every flag that counts for a command, by its long name and its letter. */
function targetsOf(command: CommandText | null): Map<string, Target> {
  const targets = new Map<string, Target>()
  const add = (target: Target) => {
    targets.set(`--${target.flag.name}`, target)
    if (target.flag.short !== undefined) targets.set(`-${target.flag.short}`, target)
  }
  const names =
    command === null ? (Object.keys(SETTINGS) as SettingName[]) : settingsOf(command.name)
  for (const setting of names) {
    const name = flagOf(setting)?.slice(2)
    if (name !== undefined) add({ flag: settingFlag(setting, name), setting, global: false })
  }
  for (const flag of command?.flags ?? []) add({ flag, setting: null, global: false })
  for (const flag of GLOBAL_FLAGS) add({ flag, setting: null, global: true })
  return targets
}

/** A setting as a flag of help. */
export function settingFlag(setting: SettingName, name: string): Flag {
  const { kind, doc } = SETTINGS[setting]
  const metavars = { integer: 'N', duration: 'TIME', size: 'SIZE', choice: 'LEVEL', secret: '' }
  const metavar = 'metavar' in kind ? kind.metavar : metavars[kind.type]
  return { name, metavar, doc }
}

/** The name of the command, its place in `argv`; null: none is there. Flags before it are stepped over. */
export function findCommand(argv: readonly string[]): number | null {
  const targets = targetsOf(null)
  for (let i = 0; i < argv.length; i++) {
    const token = argv[i] ?? ''
    if (token === '--') return null
    if (!token.startsWith('-') || token === '-') return i
    if (!token.includes('=') && targets.get(token)?.flag.metavar !== undefined) i += 1
  }
  return null
}

/**
 * Reads the arguments of one command (without its name). Faults: `invalid` for what it does not know, with
 * the nearest that it does.
 */
export function parseArguments(argv: readonly string[], command: CommandText | null): Arguments {
  const targets = targetsOf(command)
  const positionals: string[] = []
  const globals = new Map<string, string>()
  const settings = new Map<SettingName, string>()
  const flags = new Map<string, string>()
  const queue = [...argv]
  for (let token = queue.shift(); token !== undefined; token = queue.shift()) {
    if (token === '--') {
      positionals.push(...queue.splice(0))
    } else if (!token.startsWith('-') || token === '-') {
      positionals.push(token)
    } else {
      const { name, value: joined } = split(token, targets)
      const target = targets.get(name)
      if (target === undefined) throw unknownFlag(name, targets, command)
      const value = joined ?? (target.flag.metavar === undefined ? '' : take(name, target, queue))
      if (joined !== undefined && target.flag.metavar === undefined)
        throw usage(`${name} takes no value`, `Write ${name} alone.`)
      if (target.setting !== null) settings.set(target.setting, value)
      else if (target.global) globals.set(target.flag.name, value)
      else flags.set(target.flag.name, value)
    }
  }
  if (command !== null && positionals.length > command.positionalsMax && !globals.has('help'))
    throw usage(
      `${command.name} takes ${command.takes === '' ? 'no arguments' : command.takes}; one too many: ${positionals[command.positionalsMax]}`,
      `See ticklake ${command.name} --help.`,
    )
  return { positionals, globals, settings, flags }
}

/** `--name=value`, `-n5`, `--no-color`. */
function split(
  token: string,
  targets: ReadonlyMap<string, Target>,
): { name: string; value?: string } {
  if (token === '--no-color') return { name: '--color', value: 'never' }
  const equals = token.indexOf('=')
  if (token.startsWith('--'))
    return equals < 0
      ? { name: token }
      : { name: token.slice(0, equals), value: token.slice(equals + 1) }
  const letter = token.slice(0, 2)
  const valued = token.length > 2 && targets.get(letter)?.flag.metavar !== undefined
  return valued ? { name: letter, value: token.slice(2).replace(/^=/, '') } : { name: token }
}

/** The next word is the value, also when it begins with one dash, as -2h does. */
function take(name: string, { flag }: Target, queue: string[]): string {
  const value = queue.shift()
  if (value === undefined || value.startsWith('--'))
    throw usage(`${name} needs a value`, `Write ${name} ${flag.metavar ?? ''}. ${flag.doc}.`)
  return value
}

function unknownFlag(
  name: string,
  targets: ReadonlyMap<string, Target>,
  command: CommandText | null,
): Fault {
  const near = nearest(name, targets.keys())
  const of = command === null ? 'ticklake' : `ticklake ${command.name}`
  return usage(
    `unknown flag ${name}${near === undefined ? '' : ` – did you mean ${near}?`}`,
    `See ${of} --help.`,
  )
}

/** A whole number given by a flag; null: the flag is not there. */
export function wholeNumber(flags: ReadonlyMap<string, string>, name: string): number | null {
  const text = flags.get(name)
  if (text === undefined) return null
  if (!/^\d{1,15}$/.test(text))
    throw usage(`--${name} takes a whole number, not ${text}`, `Correct --${name}.`)
  return Number(text)
}

/** One of several words given by a flag. */
export function choice<T extends string>(
  flags: ReadonlyMap<string, string>,
  name: string,
  words: readonly T[],
): T | null {
  const text = flags.get(name)
  if (text === undefined) return null
  const found = words.find((word) => word === text)
  if (found === undefined) {
    const near = nearest(text, words)
    throw usage(
      `--${name} takes ${words.join(', ')}, not ${text}${near === undefined ? '' : ` – did you mean ${near}?`}`,
      `Correct --${name}.`,
    )
  }
  return found
}
