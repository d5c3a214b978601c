import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isFault } from '../flow/fault.ts'
import { engineViews } from '../query/views.ts'
import { ddlStatements } from './ddl.ts'

const PLACE = { catalog: 'lake', database: 'market', location: 's3://bucket/a/prefix' } as const
const statementsOf = (
  engine: 'athena' | 'trino',
  views = engineViews({ dialect: engine, ...PLACE }),
) => ddlStatements({ engine, ...PLACE, views })

test('the database comes first, then the tables, then the views in their order', () => {
  for (const engine of ['athena', 'trino'] as const) {
    const statements = statementsOf(engine)
    assert.equal(
      statements.map(({ name }) => name).join(' '),
      'market records feed_log us_calendar trades dead_letters bars_1m bars_1d gaps',
    )
    for (const { name, why, sql } of statements) {
      assert.match(why, /^[^\n]+\.$/, name)
      assert.doesNotMatch(sql.replaceAll(/'[^']*'/g, ''), /;/, name)
    }
  }
})

test('tables are not needed: landing makes them', () => {
  for (const engine of ['athena', 'trino'] as const)
    assert.deepEqual(
      statementsOf(engine).flatMap(({ name, needed }) => (needed ? [] : [name])),
      ['records', 'feed_log'],
    )
})

test('Athena’s DDL has Hive’s quotes, an Iceberg table by day, and the place where land writes', () => {
  const [database, records, feedLog] = statementsOf('athena').map(({ sql }) => sql)
  assert.equal(
    database,
    "CREATE DATABASE IF NOT EXISTS `market` LOCATION 's3://bucket/a/prefix/market/'",
  )
  assert.match(
    records ?? '',
    /^CREATE TABLE IF NOT EXISTS `market`\.`records` \(\n {2}`symbol` string/,
  )
  assert.match(records ?? '', /\n {2}`raw` binary COMMENT 'the record''s bytes, only where/)
  assert.match(records ?? '', /\nPARTITIONED BY \(day\(`ts`\)\)\n/)
  assert.match(records ?? '', /\nLOCATION 's3:\/\/bucket\/a\/prefix\/market\/records'\n/)
  assert.match(records ?? '', /\nTBLPROPERTIES \('table_type' = 'ICEBERG'/)
  assert.match(feedLog ?? '', /\nPARTITIONED BY \(day\(`occurred_at`\)\)\n/)
})

test('Trino’s DDL makes a schema at a location and columns that refuse null where they must', () => {
  const [schema, records] = statementsOf('trino').map(({ sql }) => sql)
  assert.equal(
    schema,
    `CREATE SCHEMA IF NOT EXISTS "lake"."market"\nWITH (location = 's3://bucket/a/prefix/market')`,
  )
  assert.match(records ?? '', /\n {2}"ts" timestamp\(6\) COMMENT/)
  assert.match(records ?? '', /\n {2}"tape_offset" bigint NOT NULL COMMENT/)
})

test('a statement that Athena would not take is refused with what to do', () => {
  const us = Array.from({ length: 30_000 }, (_, i) => `SYMBOL${i}`)
  const views = engineViews({ dialect: 'athena', ...PLACE, listing: { us } })
  assert.throws(
    () => statementsOf('athena', views),
    (error) => isFault(error, 'invalid') && /for trades is longer/.test(error.message),
  )
  assert.equal(statementsOf('trino', views).length, 9)
})
