import { writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import type { Setting } from '../config/setting.ts'
import { SETTINGS, SETTING_NAMES } from '../config/settings.ts'
import { SETTINGS_FILE } from '../config/load.ts'
import { Fault } from '../flow/fault.ts'
import type { Command } from './command.ts'
import { EXIT } from './exit.ts'

export const command: Command = {
  text: {
    name: 'init',
    takes: '[FILE]',
    summary: 'Write a commented settings file',
    examples: [
      ['ticklake init', `./${SETTINGS_FILE}`],
      ['ticklake init -', 'on stdout'],
    ],
    flags: [{ name: 'force', doc: 'Overwrite a file that is there' }],
    positionalsMax: 1,
  },
  run: async ({ positionals, flags, terminal }) => {
    const [file = SETTINGS_FILE] = positionals
    if (file === '-') {
      await terminal.out(settingsTemplate())
      return EXIT.ok
    }
    const path = resolve(file)
    try {
      writeFileSync(path, settingsTemplate(), {
        flag: flags.has('force') ? 'w' : 'wx',
        mode: 0o600,
      })
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code !== 'EEXIST') throw cause
      throw new Fault('invalid', `${path} is there already`, {
        remedy: 'Edit it, name another file, or overwrite it with --force.',
        cause,
      })
    }
    await terminal.out(`${path}\n`)
    return EXIT.ok
  },
}

/** A settings file in which every setting stands as a comment with its default. */
export function settingsTemplate(): string {
  const lines = [
    '# Settings of ticklake. What is commented out has its default.',
    '# Stronger than this file: .env, environment variables, flags. See them all: ticklake config show --origin',
  ]
  let section = ''
  for (const name of SETTING_NAMES) {
    const setting: Setting = SETTINGS[name]
    const [head = '', key] = name.split('.')
    lines.push('')
    if (key !== undefined && head !== section) lines.push(`${head}:`)
    section = key === undefined ? '' : head
    const indent = key === undefined ? '' : '  '
    lines.push(`${indent}# ${setting.doc}.`)
    if (setting.default === null && setting.fallback !== undefined)
      lines.push(`${indent}# Default: ${setting.fallback}.`)
    if (setting.kind.type === 'choice')
      lines.push(`${indent}# One of ${setting.kind.values.join(', ')}.`)
    lines.push(`${indent}# ${key ?? head}: ${exampleOf(setting)}`)
  }
  return `${lines.join('\n')}\n`
}

const exampleOf = ({ kind, default: fallback }: Setting): string => {
  if (kind.type === 'list') return `[${(fallback ?? '').replaceAll(',', ', ')}]`
  if (kind.type === 'choice') return fallback ?? kind.values[0] ?? ''
  return fallback ?? (kind.type === 'integer' ? '1' : "''")
}
