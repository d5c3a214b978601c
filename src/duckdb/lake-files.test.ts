import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import {
  openDuckdb,
  opened,
  selectLiving,
  type Connection,
  type Duckdb,
  type Scanned,
} from './duckdb.ts'

const ROWS = 50_000
const FIELDS =
  "schema = MAP {1: {name: 'n', type: 'BIGINT', default_value: NULL}, 2: {name: 'late', type: 'VARCHAR', default_value: NULL}}"

describe('rows that another engine struck out', () => {
  let dir = ''
  let duckdb: Duckdb
  let connection: Connection
  const at = (name: string) => join(dir, name)
  before(async () => {
    dir = await mkdtemp(join(tmpdir(), 'ticklake-struck-'))
    duckdb = await openDuckdb({ threads: 2, memoryMb: 256, spillDir: null, readable: null })
    connection = await duckdb.connect()
    // Two row groups and more; the second file is older and lacks a column.
    await connection.run(
      `COPY (SELECT i AS n, 'x' AS late FROM range(${ROWS}) t(i)) TO '${at('a.parquet')}' (FIELD_IDS {n: 1, late: 2}, ROW_GROUP_SIZE 4096)`,
    )
    await connection.run(
      `COPY (SELECT i AS was_n FROM range(${ROWS}, ${2 * ROWS}) t(i)) TO '${at('b.parquet')}' (FIELD_IDS {was_n: 1})`,
    )
  })
  after(async () => {
    connection[Symbol.dispose]()
    await duckdb[Symbol.asyncDispose]()
    await rm(dir, { recursive: true, force: true })
  })

  const pathOf = (location: string) => at(location.split('/').at(-1) ?? '')
  const struck = async (name: string, select: string) => {
    await connection.run(
      `COPY (${select}) TO '${at(name)}' (FIELD_IDS {file_path: 2147483546, pos: 2147483545})`,
    )
    return { location: `s3://lake/d/${name}`, sizeBytes: 1, rows: 1 }
  }
  const file = (name: string, deletes?: Scanned['deletes']): Scanned => ({
    location: `s3://lake/d/${name}`,
    sizeBytes: 1,
    ...(deletes && { deletes }),
  })
  const ask = async (files: readonly Scanned[], what: string, where = 'true') => {
    const scan = (paths: readonly string[]) => `read_parquet([${paths.join(', ')}], ${FIELDS})`
    const parts = selectLiving({ files, pathOf, columns: 'n, late', scan })
    const sql = `SELECT ${what} FROM (${parts.join(' UNION ALL ')}) WHERE ${where}`
    return { sql, rows: await connection.all(sql) }
  }
  const count = 'count(*), count(DISTINCT n), count(late)'

  test('are left out by file and place, also under a filter and in later row groups', async () => {
    const some = await struck(
      'some.parquet',
      `SELECT 's3://lake/d/a.parquet' AS file_path, i AS pos FROM range(0, ${ROWS}, 7) t(i)`,
    )
    const more = await struck(
      'more.parquet',
      "SELECT 's3://lake/d/a.parquet' AS file_path, 8::BIGINT AS pos UNION ALL SELECT 's3://lake/d/b.parquet', 0",
    )
    const files = [file('a.parquet', [some, more]), file('b.parquet', [more])]
    const left = ROWS - Math.ceil(ROWS / 7) - 1
    const living = await ask(files, count)
    assert.deepEqual(living.rows, [
      [BigInt(left + ROWS - 1), BigInt(left + ROWS - 1), BigInt(left)],
    ])
    const few = await ask(
      files,
      'n',
      `n IN (7, 8, 9, ${7 * 7000}, ${7 * 7000 + 1}, ${ROWS}, ${ROWS + 1}) ORDER BY n`,
    )
    assert.deepEqual(few.rows.flat(), [9n, 49_001n, BigInt(ROWS + 1)])
  })

  test('are found by whichever name the other engine gave the file', async () => {
    for (const scheme of ['s3', 's3a', 's3n']) {
      const one = await struck(
        'one.parquet',
        `SELECT '${scheme}://lake/d/a.parquet' AS file_path, 3::BIGINT AS pos`,
      )
      const { rows } = await ask([file('a.parquet', [one])], count)
      assert.deepEqual(rows, [[BigInt(ROWS - 1), BigInt(ROWS - 1), BigInt(ROWS - 1)]], scheme)
    }
    for (const [manifest, written] of [
      [at('a.parquet'), `file:${at('a.parquet')}`],
      [at('a.parquet'), `file://${at('a.parquet')}`],
      [`file:${at('a.parquet')}`, at('a.parquet')],
    ] as const) {
      const one = await struck('one.parquet', `SELECT '${written}' AS file_path, 3::BIGINT AS pos`)
      const { rows } = await ask([{ location: manifest, sizeBytes: 1, deletes: [one] }], count)
      assert.equal(rows[0]?.[0], BigInt(ROWS - 1), written)
    }
  })

  test('a delete file that names other files strikes nothing out', async () => {
    const other = await struck(
      'other.parquet',
      "SELECT 's3://lake/d/b.parquet' AS file_path, 3::BIGINT AS pos",
    )
    const { rows } = await ask([file('a.parquet', [other])], count)
    assert.equal(rows[0]?.[0], BigInt(ROWS))
  })

  test('a delete file without its columns is an error, not no deletes', async () => {
    await connection.run(`COPY (SELECT 1 AS x) TO '${at('odd.parquet')}'`)
    const odd = { location: 's3://lake/d/odd.parquet', sizeBytes: 1, rows: 1 }
    await assert.rejects(ask([file('a.parquet', [odd])], count), /file_path|pos/)
  })

  test('files without deletes are read as ever, and each file is opened once', async () => {
    const one = await struck(
      'one.parquet',
      "SELECT 's3://lake/d/a.parquet' AS file_path, 3::BIGINT AS pos",
    )
    const { sql, rows } = await ask([file('a.parquet'), file('b.parquet')], count)
    assert.doesNotMatch(sql, /ANTI JOIN/)
    assert.equal(rows[0]?.[0], BigInt(2 * ROWS))
    const both = [file('a.parquet', [one]), file('b.parquet', [one])]
    assert.equal(opened(both).length, 3)
  })
})
