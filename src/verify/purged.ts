import { sqlName, sqlText } from '../duckdb/duckdb.ts'
import type { PurgeNote } from '../lake/lake.ts'
import type { LogId, Partition } from '../market/records.ts'
import type { Table } from '../market/tables.ts'

type Place = { readonly log: LogId; readonly partition: Partition }

/**
 * Whether a record of the table `wrong` (see stretch.ts: its offset is `f_offset`, field i of it `f<i>`) was
 * purged; null: nothing of its partition was.
 */
export function purgedSql(
  table: Table,
  notes: readonly PurgeNote[],
  { log, partition }: Place,
): string | null {
  const conditions = notes.flatMap(({ what, below }) => {
    const next = below.get(log)?.get(partition)
    return next === undefined ? [] : [`(f_offset < ${next} AND ${whatSql(table, what)})`]
  })
  return conditions.length === 0 ? null : conditions.join(' OR ')
}

function whatSql({ fields, dayOf }: Table, what: PurgeNote['what']): string {
  const column = (name: string): string => {
    const i = fields.findIndex((field) => field.name === name)
    return i < 0 ? 'NULL' : sqlName(`f${i}`)
  }
  switch (what.kind) {
    case 'all':
      return 'true'
    case 'before': {
      const micros = BigInt(what.beforeMs) * 1000n
      return `coalesce(${column(dayOf)}, ${column('received_at')}) < make_timestamp(${micros})`
    }
    case 'symbols': {
      const hashes = `[${[...what.hashes].map(sqlText).join(', ')}]`
      const ofSymbol = `${hash(column('symbol'))} IN ${hashes}`
      // Every text between two quotes of a record that could not be read; DuckDB writes bytes with quotes escaped.
      const quoted = `string_split(${column('raw')}::VARCHAR, '\\x22')[2:-2]`
      const named = `list_has_any(list_transform(${quoted}, lambda x: ${hash('x')}), ${hashes})`
      return `coalesce(${ofSymbol} OR ${named}, ${ofSymbol}, ${named}, false)`
    }
  }
  return what satisfies never
}

const hash = (text: string): string => `sha256(${text}::VARCHAR)[1:32]`
