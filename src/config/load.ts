import { join, resolve } from 'node:path'
import { Fault } from '../flow/fault.ts'
import { parseSetting } from './schema.ts'
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
}

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
  readTokenFile(values, origins, cwd)
  const settings = values as Settings
  checkZone(settings.tz, origins.get('tz'))
  return { settings, origins, file, cwd }
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
  const found = SETTINGS[name].kind.type === 'secret' ? '' : `, not ${JSON.stringify(written)}`
  throw new Fault('invalid', `${origin}: ${name} takes ${parsed.expected}${found}`, {
    remedy: `Correct ${name} there. ${SETTINGS[name].doc}.`,
  })
}

/** FINNHUB_TOKEN_FILE counts where no token was given directly. */
function readTokenFile(
  values: Partial<Record<SettingName, unknown>>,
  origins: Map<SettingName, string>,
  cwd: string,
): void {
  const file = values['finnhub.token_file']
  if (typeof file !== 'string' || values['finnhub.token'] !== null) return
  const path = resolve(cwd, file)
  const token = readText(path)?.trim() ?? ''
  if (token === '')
    throw new Fault('invalid', `${path}, the file of the Finnhub key, is missing or empty`, {
      remedy: 'Write the key into it, or unset FINNHUB_TOKEN_FILE.',
    })
  values['finnhub.token'] = checked('finnhub.token', token, path)
  origins.set('finnhub.token', path)
}

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
