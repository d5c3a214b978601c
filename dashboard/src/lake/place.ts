import type { LakeAnswer } from '../../../src/serve/contract/lake.ts'
import type { Changes } from '../address.ts'

export type TableName = LakeAnswer['table']
export const TABLES = ['records', 'feed_log'] as const satisfies readonly TableName[]
export const VIEWS = ['days', 'snapshots'] as const
export type View = (typeof VIEWS)[number]
/** How the API names the day of rows without a time. */
export const NO_DAY = 'none'

/** What the page shows, as its address has it. */
export type LakePlace = {
  readonly table: TableName
  readonly view: View
  /** As the API takes it: 2026-11-20 or none; null: all days. */
  readonly day: string | null
  /** The id of a file of that day; null: all of them. */
  readonly file: string | null
}

export function lakePlaceOf(params: URLSearchParams): LakePlace {
  const table = TABLES.find((name) => name === params.get('table')) ?? 'records'
  const view = VIEWS.find((name) => name === params.get('view')) ?? 'days'
  if (view === 'snapshots') return { table, view, day: null, file: null }
  const day = params.get('day') || null
  return { table, view, day, file: day === null ? null : params.get('file') || null }
}

/** The parameters of a place; null for those that it has not, so that they go away. */
export const changesTo = ({ table, view, day, file }: LakePlace): Changes => ({
  table: table === 'records' ? null : table,
  view: view === 'days' ? null : view,
  day,
  file,
})

/** …for a link, which names only what is there. */
export const paramsOf = (place: LakePlace): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.entries(changesTo(place)).filter((one): one is [string, string] => one[1] !== null),
  )

/** One level up; null at the top. */
export function above(place: LakePlace): LakePlace | null {
  if (place.file !== null) return { ...place, file: null }
  if (place.day !== null) return { ...place, day: null }
  return place.view === 'days' ? null : { ...place, view: 'days' }
}

/** How a day is called where people read it. */
export const dayName = (day: string | null): string =>
  day === null || day === NO_DAY ? 'Without a time' : day

/** A day of an answer as a place has it. */
export const dayParam = (day: string | null): string => day ?? NO_DAY
