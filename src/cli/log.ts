import { LOG_LEVELS, type LogFields, type LogLevel, type Logger } from '../flow/log.ts'
import { plain, type Style, type Terminal } from './terminal.ts'

const STYLES: Readonly<Record<LogLevel, Style>> = {
  debug: 'dim',
  info: 'cyan',
  warn: 'yellow',
  error: 'red',
}

export type LogOptions = {
  readonly terminal: Terminal
  readonly json: boolean
  readonly least: LogLevel
  readonly redact: (text: string) => string
  readonly now: () => number
}

/** A log on stderr, one line an entry: for a person, or JSON. Secrets are redacted once more here. */
export function createLog(options: LogOptions): Logger {
  const { terminal, json, least, redact, now } = options
  return (level, message, fields = {}) => {
    if (LOG_LEVELS.indexOf(level) < LOG_LEVELS.indexOf(least)) return
    const at = new Date(now()).toISOString()
    const line = json
      ? JSON.stringify({ at, level, message, ...fields })
      : `${terminal.paint('dim', at.slice(11, 23))} ${terminal.paint(STYLES[level], level.padEnd(5))} ${plain(message)}${showFields(fields)}`
    terminal.err(`${redact(line)}\n`)
  }
}

const showFields = (fields: LogFields): string =>
  Object.entries(fields)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => ` ${name}=${plain(quoted(String(value)))}`)
    .join('')

const quoted = (text: string): string => (/[\s"=]/.test(text) ? JSON.stringify(text) : text)
