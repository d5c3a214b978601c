import { readFileSync } from 'node:fs'
import { parseEnv } from 'node:util'
import { Fault } from '../flow/fault.ts'
import { nearest } from '../flow/nearest.ts'
import type { Kind } from './setting.ts'
import { SETTINGS, SETTING_NAMES, type SettingName } from './settings.ts'

/** A setting as somebody wrote it, and where: `environment TICKLAKE_PORT`, `ticklake.yaml:3:9`. */
export type Written = { readonly value: unknown; readonly origin: string }
export type Layer = ReadonlyMap<SettingName, Written>

const BY_ENV = new Map<string, SettingName>(SETTING_NAMES.map((name) => [SETTINGS[name].env, name]))

const didYouMean = (word: string, candidates: Iterable<string>): string => {
  const near = nearest(word, candidates)
  return near === undefined ? '' : ` – did you mean ${near}?`
}

/** The settings in a set of environment variables; an unknown TICKLAKE_… is a fault, an empty one is not set. */
export function fromEnvironment(
  env: Readonly<Record<string, string | undefined>>,
  place: (variable: string) => string,
): Layer {
  const layer = new Map<SettingName, Written>()
  for (const [variable, value] of Object.entries(env)) {
    const name = BY_ENV.get(variable)
    if (name !== undefined && value !== undefined && value !== '')
      layer.set(name, { value, origin: place(variable) })
    else if (name === undefined && variable.startsWith('TICKLAKE_'))
      throw new Fault(
        'invalid',
        `${place(variable)}: unknown setting ${variable}${didYouMean(variable, BY_ENV.keys())}`,
        { remedy: 'Correct or unset the variable; `ticklake config show` lists all settings.' },
      )
  }
  return layer
}

/** The settings in a `.env` file; other programs' variables are left alone. */
export function fromDotEnv(path: string): Layer {
  const text = readText(path)
  if (text === null) return new Map()
  const lines = text.split('\n')
  const place = (variable: string): string => {
    const at = lines.findIndex((line) =>
      new RegExp(`^\\s*(export\\s+)?${variable}\\s*=`).test(line),
    )
    return `${path}:${at + 1}`
  }
  return fromEnvironment(parseEnv(text), place)
}

/** The settings in a YAML file; an unknown key is a fault with its line. */
export async function fromYaml(path: string): Promise<Layer> {
  const text = readText(path)
  if (text === null) return new Map()
  const { LineCounter, isMap, isScalar, parseDocument } = await import('yaml')
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false })
  const at = (offset: number): string => {
    const { line, col } = lines.linePos(offset)
    return `${path}:${line}:${col}`
  }
  const [problem] = document.errors
  if (problem !== undefined) throw broken(`${at(problem.pos[0])}: ${problem.message}`)
  const layer = new Map<SettingName, Written>()
  const walk = (node: unknown, prefix: string): void => {
    if (!isMap(node)) throw broken(`${path}: expected settings, one a line, as in port: 7400`)
    for (const { key, value } of node.items) {
      const name = `${prefix}${isScalar(key) ? String(key.value) : ''}`
      const origin = at(isScalar(key) ? (key.range?.[0] ?? 0) : 0)
      if (isSection(name) && isMap(value)) walk(value, `${name}.`)
      else if (isSection(name) && isScalar(value) && value.value === null) continue
      else if (!isSettingName(name)) throw unknownKey(name, origin)
      else if (!isScalar(value) || value.value !== null)
        layer.set(name, { value: written(value, SETTINGS[name].kind), origin })
    }
  }
  /** As it stands in the file, so that the symbol TRUE is not a boolean; an unquoted number is one, but in text. */
  const written = (node: unknown, { type }: Kind): unknown => {
    const isText = type === 'text' || type === 'secret'
    if (isScalar(node))
      return typeof node.value === 'number' && !isText ? node.value : (node.source ?? null)
    const plain: unknown = document.createNode(node).toJSON()
    if (!Array.isArray(plain)) return plain
    const { items } = node as { items: readonly unknown[] }
    return items.map((item) => (isScalar(item) ? item.source : item))
  }
  if (document.contents !== null) walk(document.contents, '')
  return layer
}

const isSettingName = (name: string): name is SettingName => Object.hasOwn(SETTINGS, name)
const isSection = (name: string): boolean =>
  SETTING_NAMES.some((setting) => setting.startsWith(`${name}.`))

const broken = (message: string): Fault =>
  new Fault('invalid', message, {
    remedy: 'Correct the settings file; `ticklake init` writes one that is right.',
  })

const unknownKey = (name: string, origin: string): Fault =>
  broken(`${origin}: unknown setting ${name}${didYouMean(name, SETTING_NAMES)}`)

/** Null: there is no such file. */
export function readText(path: string): string | null {
  try {
    return readFileSync(path, 'utf8')
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw new Fault('invalid', `${path} cannot be read: ${String(cause)}`, {
      remedy: 'Give the file read rights, or move it away.',
      cause,
    })
  }
}
