import { join, resolve } from 'node:path'
import { Fault } from '../flow/fault.ts'
import { masked } from './address.ts'
import { parseSetting } from './schema.ts'
import { Secret } from './secret.ts'
import { SETTINGS, SETTING_NAMES, flagOf, type SettingName, type Settings } from './settings.ts'
import { fromDotEnv, fromEnvironment, fromYaml, readText, type Layer } from './sources.ts'

export const SETTINGS_FILE = 'ticklake.yaml'

/** Everything outside the program that settings come from. */
export type Surroundings = {
  readonly flags: ReadonlyMap<SettingName, string>
  readonly env: Readonly<Record<string, string | undefined>>
  readonly cwd: string
  readonly home: string
  /** `--config FILE`: instead of ./ticklake.yaml, and then it must exist. */
  readonly file: string | null
}

export type Loaded = {
  readonly settings: Settings
  /** `flag --port`, `environment TICKLAKE_PORT`, `/path/ticklake.yaml:3:1`, `default`. */
  readonly origins: ReadonlyMap<SettingName, string>
  /** The project's settings file, there or not: the one that is watched. */
  readonly file: string
  readonly cwd: string
  /** What is never printed, by its setting; a token that is read again takes the place of the one before. */
  readonly secrets: Map<SettingName, Secret>
}

/** Files that hold a secret: each counts where the secret was not given directly. */
const SECRET_FILES = [
  {
    secret: 'finnhub.token',
    file: 'finnhub.token_file',
    name: 'Finnhub key',
    surplus: /^\s+|\s+$/g,
  },
  // A password may begin or end with a space; an editor ends the line.
  {
    secret: 'kafka.password',
    file: 'kafka.password_file',
    name: 'Kafka password',
    surplus: /[\r\n]+$/,
  },
  {
    secret: 'trino.password',
    file: 'trino.password_file',
    name: 'Trino password',
    surplus: /[\r\n]+$/,
  },
  {
    secret: 'serve.token',
    file: 'serve.token_file',
    name: 'token of the page',
    surplus: /^\s+|\s+$/g,
  },
] as const

/**
 * The settings in effect: flag > environment > .env > ticklake.yaml > user file > default. Faults: `invalid`
 * with the place of the first wrong or unknown one.
 */
export async function loadSettings(around: Surroundings): Promise<Loaded> {
  const { env, cwd, home } = around
  const file = resolve(cwd, around.file ?? SETTINGS_FILE)
  if (around.file !== null && readText(file) === null)
    throw new Fault('invalid', `there is no settings file ${file}`, {
      remedy: 'Correct --config, or write one with `ticklake init`.',
    })
  const userFolder = env.XDG_CONFIG_HOME ?? join(home, '.config')
  const layers: readonly Layer[] = [
    fromFlags(around.flags),
    fromEnvironment(env, (variable) => `environment ${variable}`),
    fromDotEnv(join(cwd, '.env')),
    await fromYaml(file),
    await fromYaml(join(userFolder, 'ticklake', SETTINGS_FILE)),
  ]
  const values: Partial<Record<SettingName, unknown>> = {}
  const origins = new Map<SettingName, string>()
  for (const name of SETTING_NAMES) {
    const written = layers.find((layer) => layer.has(name))?.get(name)
    const { value, origin } = written ?? { value: SETTINGS[name].default, origin: 'default' }
    origins.set(name, origin)
    values[name] = value === null ? null : checked(name, value, origin)
  }
  for (const one of SECRET_FILES) readSecretFile(one, { values, origins, cwd })
  const settings = values as Settings
  checkZone(settings.tz, origins.get('tz'))
  return { settings, origins, file, cwd, secrets: secretsOf(settings) }
}

/** The symbols that a settings file names, as it stands now; the default ones where it names none. */
export async function symbolsInFile(file: string): Promise<readonly string[]> {
  const written = (await fromYaml(file)).get('symbols')
  const { value, origin } = written ?? { value: SETTINGS.symbols.default, origin: 'default' }
  return checked('symbols', value, origin) as readonly string[]
}

function fromFlags(flags: ReadonlyMap<SettingName, string>): Layer {
  return new Map(
    [...flags].map(([name, value]) => [name, { value, origin: `flag ${flagOf(name) ?? name}` }]),
  )
}

function checked(name: SettingName, written: unknown, origin: string): unknown {
  const parsed = parseSetting(name, written)
  if (parsed.ok) return parsed.value
  // What was written for a secret is not repeated, not even when it is wrong.
  const shown = typeof written === 'string' ? masked(written) : written
  const found = SETTINGS[name].kind.type === 'secret' ? '' : `, not ${JSON.stringify(shown)}`
  throw new Fault('invalid', `${origin}: ${name} takes ${parsed.expected}${found}`, {
    remedy: `Correct ${name} there. ${SETTINGS[name].doc}.`,
  })
}

type Loading = {
  readonly values: Partial<Record<SettingName, unknown>>
  readonly origins: Map<SettingName, string>
  readonly cwd: string
}

function readSecretFile(
  { secret, file, name, surplus }: (typeof SECRET_FILES)[number],
  { values, origins, cwd }: Loading,
): void {
  const written = values[file]
  if (typeof written !== 'string' || values[secret] !== null) return
  const path = resolve(cwd, written)
  const word = readText(path)?.replace(surplus, '') ?? ''
  if (word === '')
    throw new Fault('invalid', `${path}, the file of the ${name}, is missing or empty`, {
      remedy: `Write the ${name} into it, or unset ${SETTINGS[file].env}.`,
    })
  values[secret] = checked(secret, word, path)
  origins.set(secret, path)
}

const secretsOf = (settings: Settings): Map<SettingName, Secret> =>
  new Map(
    SETTING_NAMES.flatMap((name) => {
      const value = settings[name]
      return value instanceof Secret ? [[name, value] as const] : []
    }),
  )

function checkZone(zone: string, origin: string | undefined): void {
  try {
    new Intl.DateTimeFormat('en', { timeZone: zone }).format(0)
  } catch (cause) {
    throw new Fault('invalid', `${origin}: tz takes a time zone, not ${JSON.stringify(zone)}`, {
      remedy: 'Name one of the IANA time zones, such as America/New_York or UTC.',
      cause,
    })
  }
}
