import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openSmallLake } from '../../../test/fixtures/small-lake.ts'
import { sqlApp } from '../../../test/fixtures/sql-asked.ts'
import { SchemaAnswer } from '../contract/sql.ts'

test('the schema describes every relation, column and function that there is', async () => {
  await using small = await openSmallLake()
  await using query = await small.openQuery()
  const app = sqlApp(query)
  const response = await app.request('/api/schema')
  const { tables, functions } = SchemaAnswer.parse(await response.json())
  for (const { name, about, columns } of tables) {
    assert.ok(about !== '' && columns.length > 0, name)
    for (const column of columns) assert.notEqual(column.about, '', `${name}.${column.name}`)
  }
  const { rows } = await app.run('SELECT name FROM (SHOW ALL TABLES) WHERE NOT temporary')
  const there = rows.map(([name]) => String(name)).filter((name) => !name.startsWith('tail_'))
  const named = tables.map(({ name }) => name)
  for (const name of there) assert.ok(named.includes(name), name)
  for (const name of [
    'bars',
    'time_bucket',
    'arg_max',
    'quantile_cont',
    'date_trunc',
    'lag',
    'count',
  ])
    assert.ok(
      functions.some((one) => one.name === name && one.call.startsWith(`${name}(`)),
      name,
    )
  for (const { name, about } of functions) assert.ok(about !== '' && about.length <= 160, name)
  const calls = functions.map(({ name }) => name)
  assert.equal(new Set(calls).size, calls.length)
})
