import type { Kind } from '../config/setting.ts'
import { SETTINGS, SETTING_NAMES, type SettingName } from '../config/settings.ts'
import { showSize } from '../config/units.ts'
import { showDuration } from '../flow/durations.ts'
import type { Parts } from '../config/components.ts'
import type { Loaded } from '../config/load.ts'
import { Fault, isFault } from '../flow/fault.ts'
import type { Command, Invocation } from './command.ts'
import { EXIT } from './exit.ts'
import { alignColumns, plain } from './terminal.ts'

export const command: Command = {
  text: {
    name: 'config',
    takes: '[show|schema|reference]',
    summary: 'The settings in effect and where each came from; their JSON Schema',
    examples: [
      ['ticklake config show', 'every setting in effect'],
      ['ticklake config show --origin', 'with the place that each came from'],
      ['ticklake config schema > ticklake.schema.json', "the settings file's JSON Schema"],
    ],
    flags: [{ name: 'origin', doc: 'Show where each setting came from' }],
    positionalsMax: 1,
  },
  run: async (invocation) => {
    const { positionals, terminal } = invocation
    const what = positionals[0] ?? 'show'
    if (what === 'show') await show(invocation)
    else if (what === 'schema') {
      const { settingsJsonSchema } = await import('../config/schema.ts')
      await terminal.out(`${JSON.stringify(settingsJsonSchema(), null, 2)}\n`)
    } else if (what === 'reference') {
      const { referencePage } = await import('./reference.ts')
      await terminal.out(await referencePage())
    } else {
      throw new Fault('invalid', `config takes show, schema or reference, not ${what}`, {
        remedy: 'See ticklake config --help.',
      })
    }
    return EXIT.ok
  },
}

async function show({ settings, json, flags, terminal }: Invocation): Promise<void> {
  const loaded = await settings()
  const { partsOf } = await import('../config/components.ts')
  const { catalogText } = await import('../config/lake-places.ts')
  const { isPathStyle } = await import('../config/aws.ts')
  const { withoutLogin } = await import('../config/address.ts')
  const hidden = (value: string | null) => (value === null ? null : withoutLogin(value))
  const { isEncrypted } = await import('../config/kafka-security.ts')
  const parts = partsOf(loaded)
  const { places } = parts
  const derived: Partial<Record<SettingName, string>> = {
    source: places.source,
    data: places.data,
    catalog: catalogText(places),
    's3.path_style': isPathStyle(loaded.settings) ? 'on' : 'off',
    ...(places.lake.kind === 'file' && { lake: `file:${places.lake.dir}` }),
    'kafka.tls': isEncrypted(loaded.settings) ? 'on' : 'off',
    ...(places.tape.kind === 'sqlite' && { tape: `sqlite:${places.tape.dir}` }),
    ...(await athenaOutput(parts)),
  }
  // The SDK's own, which counts where the setting is left out.
  const { AWS_REGION: region } = process.env
  const fromSdk = loaded.settings['aws.region'] === null && region ? region : null
  if (fromSdk !== null) derived['aws.region'] = fromSdk
  // With the port and the topic that the written one leaves out.
  const settled: typeof derived = places.tape.kind === 'kafka' ? { tape: places.tape.address } : {}
  const rows = SETTING_NAMES.map((name) => ({
    name,
    value: hidden(settled[name] ?? shown(name, loaded) ?? derived[name] ?? null),
    origin:
      name === 'aws.region' && fromSdk !== null
        ? 'environment AWS_REGION'
        : (loaded.origins.get(name) ?? 'default'),
  }))
  if (json) {
    const entries = rows.map(({ name, value, origin }) => [name, { value, origin }])
    return terminal.out(`${JSON.stringify(Object.fromEntries(entries))}\n`)
  }
  const withOrigin = flags.has('origin')
  await terminal.out(
    alignColumns(
      rows.map(({ name, value, origin }) => {
        const line = [terminal.paint('bold', name), plain(value ?? '–')]
        return withOrigin ? [...line, terminal.paint('dim', origin)] : line
      }),
    ),
  )
}

/** Where Athena's answers go when nothing is written; nothing for a lake that Athena cannot read. */
async function athenaOutput(parts: Parts): Promise<Partial<Record<SettingName, string>>> {
  const { lake, catalog } = parts.places
  if (lake.kind !== 's3' || catalog.kind !== 'glue') return {}
  const { outputOf } = await import('../config/cloud.ts')
  const { cloudPlaces } = await import('../config/engines.ts')
  try {
    return { 'athena.output': outputOf(cloudPlaces(parts), null) }
  } catch (error) {
    if (!isFault(error)) throw error
    return {} // beside a bucket or a prefix that Athena does not take
  }
}

/** A value as a person would write it. */
function shown(name: SettingName, { settings }: Loaded): string | null {
  const value = settings[name]
  const kind: Kind = SETTINGS[name].kind
  if (value === null) return null
  if (kind.type === 'duration') return showDuration(Number(value))
  if (kind.type === 'size') return showSize(Number(value))
  return String(value)
}
