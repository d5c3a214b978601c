import { Fault, isFault, type FaultKind } from '../flow/fault.ts'
import { nearest } from '../flow/nearest.ts'
import { complaintOf, excerpt } from './complaint.ts'

/** Runs `act`, which is part of the statement `sql`; what DuckDB throws becomes a Fault with DuckDB's own words. */
export async function translated<T>(act: () => Promise<T>, sql = ''): Promise<T> {
  try {
    return await act()
  } catch (error) {
    throw faultOf(error, sql)
  }
}

type Rule = { readonly starts: RegExp; readonly kind: FaultKind; readonly remedy: string }

// DuckDB's messages begin with the class of the error. The first rule that matches counts.
const RULES: readonly Rule[] = [
  {
    starts: /^INTERRUPT/i,
    kind: 'closed',
    remedy: 'Run it again if it was not meant to be cancelled.',
  },
  {
    starts: /^Out of Memory/i,
    kind: 'invalid',
    remedy: 'Ask for fewer rows or columns, aggregate, or give DuckDB more memory.',
  },
  {
    starts: /^IO Error[^]*(No space left|not enough space|disk full)/i,
    kind: 'unavailable',
    remedy: 'Free space on the disk that the message names; landing then goes on by itself.',
  },
  {
    starts: /^(IO|HTTP) Error[^]*HTTP (401|403)/i,
    kind: 'invalid',
    remedy: 'Use credentials that may read the lake: s3:GetObject on its prefix.',
  },
  { starts: /^(IO|HTTP) Error/i, kind: 'unavailable', remedy: 'Look at the file that is named.' },
  {
    starts: /^Permission Error/i,
    kind: 'invalid',
    remedy: 'SQL reads the tables of the lake and no other file or address.',
  },
  {
    starts: /^(INTERNAL|FATAL|Serialization)/i,
    kind: 'bug',
    remedy: 'Report this with the statement.',
  },
  {
    starts: /^Catalog Error: Table (Function )?with name/,
    kind: 'invalid',
    remedy: "Ask trades, bars_1m, bars_1d, bars('5m'), gaps, dead_letters, records or feed_log.",
  },
  {
    starts: /^[A-Z][A-Za-z ]* Error/,
    kind: 'invalid',
    remedy: 'Correct the statement.',
  },
]

/** What follows in DuckDB's message of too little memory: settings, which no statement may change here. */
const SETTINGS_ADVICE = /(?<=^Out of Memory[^\n]*)\n[^]*$/i

/** What DuckDB threw at `sql` as a Fault; one that already is stays as it is. */
export function faultOf(error: unknown, sql = ''): Fault {
  if (isFault(error)) return error
  const thrown = (error instanceof Error ? error.message : String(error)).trim()
  const { text: said, position } = complaintOf(thrown, sql)
  const text = said.replace(SETTINGS_ADVICE, '')
  const message = `${withNearRelation(text)}${position === null ? '' : `\n\n${excerpt(sql, position)}`}`
  const rule = RULES.find(({ starts }) => starts.test(message))
  const { kind, remedy } = rule ?? { kind: 'bug', remedy: 'Report this with the stack.' }
  return new Fault(kind, message, { remedy, cause: error, position })
}

/** What can be asked; DuckDB's own catalog, which it looks through for what was meant, is none of it. */
const RELATIONS = [
  'trades',
  'bars_1m',
  'bars_1d',
  'bars',
  'gaps',
  'dead_letters',
  'records',
  'feed_log',
] as const

/** DuckDB's message of a table that is not there, with the relation of ours that is nearest, if any is. */
function withNearRelation(message: string): string {
  const [, name] =
    /^Catalog Error: Table (?:Function )?with name "?(\S+?)"? does not exist/.exec(message) ?? []
  if (name === undefined) return message
  const near = nearest(name, RELATIONS)
  const hint = near === undefined ? '' : `\nDid you mean "${near}"?`
  return message.replace(/\nDid you mean .*/, hint)
}
