import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import { catalogSuite } from '../../test/conformance/catalog.ts'
import { exists } from '../../test/conformance/store.ts'
import { isFault } from '../flow/fault.ts'
import { openSqliteCatalog } from './sqlite-catalog.ts'

const RECORDS = { namespace: 'market', name: 'records' }

async function folder() {
  const dir = await mkdtemp(join(tmpdir(), 'ticklake-catalog-'))
  return {
    file: join(dir, 'catalog.db'),
    [Symbol.asyncDispose]: () => rm(dir, { recursive: true }),
  }
}

catalogSuite('SQLite catalog', async () => {
  const { file, [Symbol.asyncDispose]: remove } = await folder()
  const catalog = openSqliteCatalog({ file, mode: 'write' })
  return {
    catalog,
    another: async () => openSqliteCatalog({ file, mode: 'write' }),
    [Symbol.asyncDispose]: async () => {
      await catalog[Symbol.asyncDispose]()
      await remove()
    },
  }
})

test('the tables are those of the Iceberg SQL catalog', async () => {
  await using at = await folder()
  await using catalog = openSqliteCatalog({ file: at.file, mode: 'write' })
  await catalog.swap(RECORDS, null, 'a')
  await catalog.swap(RECORDS, { location: 'a', token: null }, 'b')
  using database = new DatabaseSync(at.file)
  assert.deepEqual(
    { ...database.prepare('SELECT * FROM iceberg_tables').get() },
    {
      catalog_name: 'ticklake',
      table_namespace: 'market',
      table_name: 'records',
      metadata_location: 'b',
      previous_metadata_location: 'a',
      iceberg_type: 'TABLE',
    },
  )
  assert.deepEqual(
    { ...database.prepare('SELECT * FROM iceberg_namespace_properties').get() },
    {
      catalog_name: 'ticklake',
      namespace: 'market',
      property_key: 'exists',
      property_value: 'true',
    },
  )
})

test('a catalog without the type column, as older engines make it, takes tables too', async () => {
  await using at = await folder()
  using database = new DatabaseSync(at.file)
  database.exec(`CREATE TABLE iceberg_tables (catalog_name, table_namespace, table_name,
    metadata_location, previous_metadata_location, PRIMARY KEY (catalog_name, table_namespace, table_name))`)
  await using catalog = openSqliteCatalog({ file: at.file, mode: 'write' })
  assert.equal(await catalog.swap(RECORDS, null, 'a'), 'swapped')
  assert.equal((await catalog.load(RECORDS))?.location, 'a')
})

test('opened for reading it makes no file and sees the table once there is one', async () => {
  await using at = await folder()
  await using reader = openSqliteCatalog({ file: at.file, mode: 'read' })
  assert.equal(await reader.load(RECORDS), null)
  assert.equal(await exists(at.file), false)
  await using writer = openSqliteCatalog({ file: at.file, mode: 'write' })
  assert.equal(await reader.load(RECORDS), null)
  await writer.swap(RECORDS, null, 'a')
  assert.equal((await reader.load(RECORDS))?.location, 'a')
  await assert.rejects(reader.swap(RECORDS, null, 'b'), (error) => isFault(error, 'invalid'))
})

test('a file that is no database is a clear fault', async () => {
  await using at = await folder()
  await writeFile(at.file, 'a letter to my bank, long enough to be looked at as a header')
  assert.throws(
    () => openSqliteCatalog({ file: at.file, mode: 'write' }),
    (error) => isFault(error, 'invalid'),
  )
})

test('a catalog that another program holds is unavailable, and nothing is applied', async () => {
  await using at = await folder()
  await using catalog = openSqliteCatalog({ file: at.file, mode: 'write', busyMs: 1 })
  await catalog.swap(RECORDS, null, 'a')
  using holder = new DatabaseSync(at.file)
  holder.exec('BEGIN IMMEDIATE')
  const swap = catalog.swap(RECORDS, { location: 'a', token: null }, 'b')
  await assert.rejects(swap, (error) => isFault(error, 'unavailable'))
  holder.exec('ROLLBACK')
  assert.equal((await catalog.load(RECORDS))?.location, 'a')
})

test('a closed catalog says so', async () => {
  await using at = await folder()
  const catalog = openSqliteCatalog({ file: at.file, mode: 'write' })
  await catalog[Symbol.asyncDispose]()
  await assert.rejects(catalog.load(RECORDS), (error) => isFault(error, 'closed'))
})
