import * as z from 'zod/mini'
import { unreachable } from '../flow/fault.ts'
import { Secret } from './secret.ts'
import type { Kind, Setting } from './setting.ts'
import { SETTINGS, type SettingName } from './settings.ts'
import { DURATION, parseDuration, showDuration } from '../flow/durations.ts'
import { SIZE, parseSize, showSize } from './units.ts'

/** The schema of one setting as the settings file may hold it. */
function schemaOf(kind: Kind): z.ZodMiniType {
  switch (kind.type) {
    case 'text':
      return z.string().check(z.minLength(1), ...(kind.form ? [z.regex(kind.form.pattern)] : []))
    case 'secret':
      return z.string().check(z.minLength(1))
    case 'choice':
      return z.enum(kind.values as [string, ...string[]])
    case 'integer':
      return z.int().check(z.gte(kind.min), z.lte(kind.max))
    case 'duration':
      return z.string().check(
        z.regex(DURATION),
        z.refine((value) => within(parseDuration(value), kind.minMs, kind.maxMs)),
      )
    case 'size':
      return z.string().check(
        z.regex(SIZE),
        z.refine((value) => within(parseSize(value), kind.min, kind.max)),
      )
    case 'list':
      return z.union([
        z.array(z.string().check(z.minLength(1))).check(z.minLength(1)),
        z.string().check(z.minLength(1)),
      ])
  }
  return unreachable(kind)
}

const within = (value: number | null, min: number, max: number): boolean =>
  value !== null && value >= min && value <= max

/** What a setting takes, in words for an error and for the reference. */
export function describeKind(kind: Kind): string {
  switch (kind.type) {
    case 'text':
      return kind.form?.says ?? 'text'
    case 'secret':
      return 'text'
    case 'choice':
      return `one of ${kind.values.join(', ')}`
    case 'integer':
      return `a whole number from ${kind.min} to ${kind.max}`
    case 'duration':
      return `a duration such as 500ms, 10s, 5m, 2h or 7d, from ${showDuration(kind.minMs)} to ${showDuration(kind.maxMs)}`
    case 'size':
      return `a size such as 64MB or 1GiB, from ${showSize(kind.min)} to ${showSize(kind.max)}`
    case 'list':
      return 'a list such as AAPL,MSFT'
  }
  return unreachable(kind)
}

/** A flag or an environment variable as the settings file would hold it. */
const asWritten = (kind: Kind, text: string): unknown =>
  kind.type === 'integer' && /^\d+$/.test(text) ? Number(text) : text

export type Parsed =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly expected: string }

/** Checks a value as it was written and gives it as `Settings` holds it: ms, bytes, a list, a secret. */
export function parseSetting(name: SettingName, written: unknown): Parsed {
  const { kind }: Setting = SETTINGS[name]
  const result = schemaOf(kind).safeParse(
    typeof written === 'string' ? asWritten(kind, written) : written,
  )
  if (!result.success) return { ok: false, expected: describeKind(kind) }
  return { ok: true, value: held(kind, result.data) }
}

function held(kind: Kind, value: unknown): unknown {
  if (kind.type === 'duration') return parseDuration(String(value))
  if (kind.type === 'size') return parseSize(String(value))
  if (kind.type === 'secret') return new Secret(String(value))
  if (kind.type === 'list') return listOf(value)
  return value
}

/** Trimmed, without empty or repeated entries. */
function listOf(value: unknown): readonly string[] {
  const entries = Array.isArray(value) ? value.map(String) : String(value).split(',')
  return [...new Set(entries.map((entry) => entry.trim()).filter((entry) => entry !== ''))]
}

/** The JSON Schema (2020-12) of the settings file, for editors. */
export function settingsJsonSchema(): unknown {
  const root: { [key: string]: z.ZodMiniType } = {}
  const sections = new Map<string, { [key: string]: z.ZodMiniType }>()
  for (const [name, setting] of Object.entries<Setting>(SETTINGS)) {
    const [section = '', key] = name.split('.')
    const schema = z.optional(schemaOf(setting.kind)).check(z.describe(setting.doc))
    if (key === undefined) root[section] = schema
    else {
      const inside = sections.get(section) ?? {}
      inside[key] = schema
      sections.set(section, inside)
    }
  }
  for (const [section, inside] of sections) root[section] = z.optional(z.strictObject(inside))
  return z.toJSONSchema(z.strictObject(root), { io: 'input' })
}
