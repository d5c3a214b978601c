import { homedir } from 'node:os'
import { fileURLToPath } from 'node:url'
import type { Loaded, Surroundings } from '../config/load.ts'
import { Fault } from '../flow/fault.ts'
import { nearest } from '../flow/nearest.ts'
import { findCommand, parseArguments, type Arguments } from './args.ts'
import type { Command, Invocation } from './command.ts'
import { COMMANDS } from './commands.ts'
import { bySettings, EXIT, errorExit, errorJson, errorText } from './exit.ts'
import { catchSignals, type Stop } from './signals.ts'
import { processTerminal, type Terminal } from './terminal.ts'

/** The program: reads its arguments, runs one command, and leaves its exit code in `process.exitCode`. */
export async function main(argv: readonly string[]): Promise<void> {
  const json = argv.includes('--json')
  const terminal = processTerminal(colorOf(argv))
  let redact = (text: string): string => text
  const fail = (error: unknown, invalidExit: number) => {
    terminal.err(redact(json ? `${errorJson(error)}\n` : errorText(error)))
    process.exitCode = errorExit(error, invalidExit)
  }
  try {
    const at = findCommand(argv)
    const name = at === null ? undefined : argv[at]
    if (at === null || name === undefined || name === 'help') return await help(argv, terminal)
    const command = await loadCommand(name)
    const given = parseArguments(argv.toSpliced(at, 1), command.text)
    if (given.globals.has('help')) return await help(['help', name], terminal)
    const settings = settingsOnce(given, (loaded, hide) => {
      redact = hide
      return loaded
    })
    const stop = catchSignals(terminal, graceMs(name, given))
    const redactNow = (text: string) => redact(text)
    try {
      const asked = { given, json, terminal, settings, redact: redactNow, stop }
      process.exitCode = await command.run(await invocation(asked))
    } catch (error) {
      fail(error, command.invalidExit ?? EXIT.usage)
    } finally {
      stop.finish()
    }
  } catch (error) {
    fail(error, EXIT.usage)
  }
}

/** Commands whose end takes its time, and is waited for. */
const PATIENT: ReadonlySet<string> = new Set(['up', 'land', 'record', 'serve', 'replay'])
/** How long any other may take to end after a signal; one that stops a query at another's engine first, ms. */
const GRACE_MS = 1000
const STOPPING_MS = 5000

function graceMs(name: string, { flags }: Arguments): number | null {
  if (PATIENT.has(name)) return null
  return flags.has('engine') ? STOPPING_MS : GRACE_MS
}

type Hide = (text: string) => string

/** Reads the settings when a command first asks; what they keep secret is hidden from then on. */
function settingsOnce(
  { globals, settings }: Arguments,
  keep: (loaded: Loaded, hide: Hide) => Loaded,
): () => Promise<Loaded> {
  const read = async (): Promise<Loaded> => {
    const { loadSettings } = await import('../config/load.ts')
    const { redactor } = await import('../config/secret.ts')
    const around: Surroundings = {
      flags: settings,
      env: process.env,
      cwd: process.cwd(),
      home: homedir(),
      file: globals.get('config') ?? null,
    }
    const loaded = await loadSettings(around)
    return keep(loaded, redactor(loaded.secrets))
  }
  let loading: Promise<Loaded> | undefined
  return () => (loading ??= bySettings(read))
}

async function invocation(parts: {
  given: Arguments
  json: boolean
  terminal: Terminal
  settings: () => Promise<Loaded>
  redact: Hide
  stop: Stop
}): Promise<Invocation> {
  const { given, json, terminal, settings, redact, stop } = parts
  return {
    positionals: given.positionals,
    flags: given.flags,
    given: given.settings,
    configFile: given.globals.get('config') ?? null,
    json,
    terminal,
    settings,
    signal: stop.signal,
    onStop: stop.onStop,
    self: [process.execPath, fileURLToPath(new URL('../../bin/ticklake.js', import.meta.url))],
    log: async () => {
      const { createLog } = await import('./log.ts')
      const { settings: values } = await settings()
      const least = values['log.level']
      return createLog({ terminal, json, least, redact, now: Date.now })
    },
  }
}

async function help(argv: readonly string[], terminal: Terminal): Promise<void> {
  const words = argv.filter((word) => !word.startsWith('-'))
  const { commandHelp, programHelp } = await import('./help.ts')
  const given = words[0] === 'help' ? null : parseArguments(argv, null)
  const named = words[0] === 'help' ? words[1] : undefined
  if (given?.globals.has('version') === true) {
    const { packageVersion } = await import('./version.ts')
    return terminal.out(`ticklake ${packageVersion()}\n`)
  }
  const text =
    named === undefined
      ? programHelp(terminal)
      : commandHelp((await loadCommand(named)).text, terminal)
  const asked = given === null || given.globals.has('help')
  if (asked) return terminal.out(text)
  terminal.err(text)
  process.exitCode = EXIT.usage
}

async function loadCommand(name: string): Promise<Command> {
  const entry = COMMANDS.find((command) => command.name === name)
  if (entry !== undefined) return (await entry.load()).command
  const near = nearest(
    name,
    COMMANDS.map((command) => command.name),
  )
  throw new Fault(
    'invalid',
    `unknown command ${name}${near === undefined ? '' : ` – did you mean ${near}?`}`,
    { remedy: 'See ticklake --help.' },
  )
}

function colorOf(argv: readonly string[]): string {
  if (argv.includes('--no-color')) return 'never'
  const at = argv.findIndex((word) => word === '--color' || word.startsWith('--color='))
  const word = at < 0 ? 'auto' : (argv[at]?.split('=')[1] ?? argv[at + 1] ?? 'auto')
  return ['auto', 'always', 'never'].includes(word) ? word : 'auto'
}
