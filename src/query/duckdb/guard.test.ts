import assert from 'node:assert/strict'
import { mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { openDuckdb, type Connection, type Duckdb } from '../../duckdb/duckdb.ts'
import { isFault } from '../../flow/fault.ts'
import { checkReadOnly, prepareReadOnly } from './guard.ts'

describe('the guard of user SQL', () => {
  let dir = ''
  let duckdb: Duckdb
  let connection: Connection
  before(async () => {
    dir = await mkdtemp(join(tmpdir(), 'ticklake-guard-'))
    await mkdir(join(dir, 'lake'))
    await mkdir(join(dir, 'lake-beside'))
    await writeFile(join(dir, 'secret.csv'), 'word\nsecret\n')
    await writeFile(join(dir, 'lake-beside', 'secret.csv'), 'word\nsecret\n')
    await symlink(join(dir, 'secret.csv'), join(dir, 'lake', 'link.csv'))
    const readable = [join(dir, 'lake')]
    duckdb = await openDuckdb({ threads: 1, memoryMb: 128, spillDir: null, readable })
    connection = await duckdb.connect()
    await connection.run('CREATE TABLE keep AS SELECT 1 AS x')
    await connection.run(`COPY keep TO '${join(dir, 'lake', 'keep.parquet')}'`)
    await connection.run('CREATE MACRO bars(width) AS TABLE SELECT width AS width')
  })
  after(async () => {
    connection[Symbol.dispose]()
    await duckdb[Symbol.asyncDispose]()
    await rm(dir, { recursive: true, force: true })
  })

  const rows = async (sql: string) => {
    using statement = await prepareReadOnly(connection, await checkReadOnly(connection, sql))
    const { batches } = await statement.stream(new AbortController().signal)
    const all = []
    for await (const batch of batches) all.push(...batch)
    return all
  }

  const READING = [
    'SELECT x FROM keep',
    'FROM keep;',
    '-- a comment; with a semicolon\nSELECT /* ; */ x FROM keep -- end',
    "SELECT 'it''s; fine'",
    'WITH a AS (SELECT 1) FROM a',
    'VALUES (1), (2)',
    'SELECT * FROM range(3) t(i), LATERAL (SELECT i + 1)',
    "FROM bars('5m')",
    'DESCRIBE keep',
    'SHOW TABLES',
    'SUMMARIZE keep',
    'PIVOT keep ON x IN (1) USING count(*)',
    'EXPLAIN SELECT x FROM keep',
    'explain analyze /* why */ from keep',
    'EXPLAIN (ANALYZE, FORMAT json) SELECT 1',
    "FROM read_parquet('$lake/keep.parquet')",
  ]
  for (const sql of READING)
    test(`lets ${sql}`, async () => {
      assert.notEqual((await rows(sql.replace('$lake', join(dir, 'lake')))).length, 0)
    })

  const REFUSED = [
    // writes, to tables and to files
    'INSERT INTO keep VALUES (2)',
    'DELETE FROM keep',
    'WITH a AS (SELECT 1) DELETE FROM keep',
    'MERGE INTO keep USING (SELECT 1 AS x) s ON keep.x = s.x WHEN MATCHED THEN DELETE',
    'CREATE TABLE other AS SELECT 1',
    'CREATE OR REPLACE VIEW keep2 AS SELECT 1',
    'DROP TABLE keep',
    'ALTER TABLE keep ADD COLUMN y INTEGER',
    "COPY keep TO '$lake/out.csv'",
    "EXPORT DATABASE '$lake/out'",
    "IMPORT DATABASE '$lake/out'",
    "ATTACH '$lake/out.db'",
    'EXPLAIN ANALYZE DELETE FROM keep',
    'EXPLAIN (ANALYZE) DELETE FROM keep',
    'EXPLAIN (ANALYZE, FORMAT json) DELETE FROM keep',
    'EXPLAIN /* ( */ ANALYZE -- x\n DELETE FROM keep',
    "EXPLAIN ANALYZE COPY keep TO '$lake/out.csv'",
    'SELECT 1; DELETE FROM keep',
    'SELECT 1\0; DELETE FROM keep',
    // the engine itself
    'SET threads = 4',
    'RESET memory_limit',
    'PRAGMA enable_profiling',
    'INSTALL httpfs',
    "LOAD '$lake/x.duckdb_extension'",
    'CALL enable_logging()',
    "FROM enable_logging(storage = 'file', storage_path = '$lake/log')",
    'SELECT 1 WHERE 1 IN (SELECT 1 FROM "ENABLE_LOGGING"())',
    'WITH a AS (FROM system.main.enable_logging()) FROM a',
    'EXPLAIN ANALYZE FROM enable_profiling()',
    'FROM force_checkpoint()',
    "FROM query('FROM enable_logging()')",
    "FROM json_execute_serialized_sql(json_serialize_sql('FROM enable_logging()'))",
    'PREPARE p AS SELECT 1',
    'BEGIN',
    'VACUUM',
    "CREATE SECRET (TYPE s3, KEY_ID 'a', SECRET 'b')",
    // other files and addresses
    "FROM read_csv('/etc/passwd')",
    "FROM '$dir/secret.csv'",
    "FROM '$lake/../secret.csv'",
    "FROM '$lake/link.csv'",
    "FROM '$dir/lake-beside/secret.csv'",
    "FROM read_parquet('$lake/../*')",
    "FROM glob('$dir/*')",
    "FROM read_text('/proc/self/environ')",
    "FROM parquet_metadata('/etc/passwd')",
    "FROM 'https://127.0.0.1:1/x.parquet'",
    'FROM duckdb_secrets()',
    "SELECT getenv('HOME')",
  ]
  for (const sql of REFUSED)
    test(`refuses ${JSON.stringify(sql)}`, async () => {
      const placed = sql.replaceAll('$lake', join(dir, 'lake')).replaceAll('$dir', dir)
      await assert.rejects(rows(placed), (error) => isFault(error, 'invalid'))
      assert.deepEqual(await rows('SELECT count(*) FROM keep'), [[1n]])
      assert.deepEqual(await readdir(join(dir, 'lake')), ['keep.parquet', 'link.csv'])
    })

  const WITHOUT_FILES = { files: false }
  const NAMES_FILES = [
    "FROM read_parquet('$lake/keep.parquet')",
    "FROM PARQUET_SCAN(['$lake/keep.parquet'])",
    "SELECT * FROM keep WHERE x IN (SELECT x FROM '$lake/keep.parquet')",
    'FROM "$lake/keep".parquet',
    'FROM "$lake/keep"."parquet"."parquet"',
    "SUMMARIZE '$lake/keep.parquet'",
    "DESCRIBE '$lake/keep.parquet'",
    "EXPLAIN ANALYZE FROM '$lake/keep.parquet'",
    "WITH a AS (FROM 's3://lake/x.parquet') FROM a",
    "FROM parquet_metadata('$lake/keep.parquet')",
    "FROM glob('$lake/*')",
  ]
  for (const sql of NAMES_FILES)
    test(`where the engine itself reads S3, refuses ${sql}`, async () => {
      const placed = sql.replaceAll('$lake', join(dir, 'lake'))
      await assert.rejects(
        checkReadOnly(connection, placed, WITHOUT_FILES),
        (error) => isFault(error, 'invalid') && /may name no files/.test(error.message),
      )
    })

  test('where the engine itself reads S3, lets statements over tables', async () => {
    for (const sql of READING.filter((one) => !one.includes('$lake')))
      await checkReadOnly(connection, sql, WITHOUT_FILES)
    await checkReadOnly(connection, 'FROM memory.main.keep, main."keep"', WITHOUT_FILES)
  })
})
