import assert from 'node:assert/strict'
import { after, beforeEach, describe, test } from 'node:test'
import {
  CreateDatabaseCommand,
  CreateTableCommand,
  GetDatabaseCommand,
  GetTableCommand,
  GlueClient,
  UpdateTableCommand,
  type Table,
  type TableInput,
} from '@aws-sdk/client-glue'
import { isFault } from '../../src/flow/fault.ts'
import type { Catalog } from '../../src/lake/catalog.ts'
import type { GlueCatalog } from '../../src/lake/glue-catalog.ts'
import { withoutAws } from '../../stack/aws/needs.ts'
import { catalogSuite } from '../conformance/catalog.ts'
import { IMPATIENCE_MS, MS_MAX, startAwsWorld, type Patience } from './aws-world.ts'

const ROUNDS = 50
const WRITERS = 4

const A = { location: 'a', token: null }

describe('Glue catalog', { skip: withoutAws(), timeout: MS_MAX }, async () => {
  const world = await startAwsWorld()
  const { aws, openCatalog } = world
  const { glueFaults } = aws
  const glue = new GlueClient({ endpoint: aws.glue })
  after(async () => {
    glue.destroy()
    await world[Symbol.asyncDispose]()
  })
  beforeEach(() => glueFaults.clear())

  /** A database of its own with `records` at `a`. */
  async function opened(how: Patience = {}): Promise<
    AsyncDisposable & {
      readonly catalog: GlueCatalog
      readonly name: { readonly namespace: string; readonly name: string }
      readonly table: () => Promise<Table>
    }
  > {
    const namespace = world.database()
    const name = { namespace, name: 'records' }
    const catalog = await openCatalog(undefined, how)
    assert.equal(await catalog.swap(name, null, 'a'), 'swapped')
    const table = async () => {
      const answer = await glue.send(
        new GetTableCommand({ DatabaseName: namespace, Name: name.name }),
      )
      assert.ok(answer.Table)
      return answer.Table
    }
    return { catalog, name, table, [Symbol.asyncDispose]: () => catalog[Symbol.asyncDispose]() }
  }

  catalogSuite('Glue', async () => {
    // The suite's names are of one namespace: here a database of its own each time.
    const namespace = world.database()
    const within = (catalog: Catalog): Catalog => ({
      ...catalog,
      load: ({ name }) => catalog.load({ namespace, name }),
      swap: ({ name }, from, to) => catalog.swap({ namespace, name }, from, to),
    })
    const catalog = within(await openCatalog())
    return {
      catalog,
      another: async () => within(await openCatalog()),
      [Symbol.asyncDispose]: () => catalog[Symbol.asyncDispose](),
    }
  })

  test('Glue and Athena are shown the columns, the folder and the document', async () => {
    await using at = await opened()
    const { TableType, Parameters, StorageDescriptor } = await at.table()
    assert.equal(TableType, 'EXTERNAL_TABLE')
    assert.deepEqual(Parameters, { table_type: 'ICEBERG', metadata_location: 'a' })
    assert.equal(StorageDescriptor?.Location, `s3://${aws.bucket}/${at.name.namespace}/records`)
    const columns = StorageDescriptor?.Columns ?? []
    assert.deepEqual(columns[1], {
      Name: 'ts',
      Type: 'timestamp',
      Comment: 'venue time, UTC',
      Parameters: {
        'iceberg.field.id': '2',
        'iceberg.field.optional': 'true',
        'iceberg.field.current': 'true',
      },
    })
    assert.equal(columns.find(({ Name }) => Name === 'tape_offset')?.Type, 'bigint')
    const { Database } = await glue.send(new GetDatabaseCommand({ Name: at.name.namespace }))
    assert.equal(Database?.LocationUri, `s3://${aws.bucket}/${at.name.namespace}`)
  })

  test('what others wrote to the table stays through a swap', async () => {
    await using at = await opened()
    const columns = [{ Name: 'theirs', Type: 'bigint' }]
    const theirs: TableInput = {
      Name: 'records',
      Description: 'trades',
      Owner: 'us',
      Retention: 3,
      TableType: 'EXTERNAL_TABLE',
      Parameters: { ...(await at.table()).Parameters, comment: 'of theirs' },
      StorageDescriptor: { Columns: columns, Location: 's3://elsewhere/x' },
    }
    await glue.send(new UpdateTableCommand({ DatabaseName: at.name.namespace, TableInput: theirs }))
    assert.equal(await at.catalog.swap(at.name, A, 'b'), 'swapped')
    const table = await at.table()
    assert.equal(table.Description, 'trades')
    assert.equal(table.Owner, 'us')
    assert.equal(table.StorageDescriptor?.Location, 's3://elsewhere/x')
    assert.deepEqual(table.StorageDescriptor?.Columns, columns)
    assert.deepEqual(table.Parameters, {
      table_type: 'ICEBERG',
      metadata_location: 'b',
      previous_metadata_location: 'a',
      comment: 'of theirs',
    })
  })

  test('a table that is not Iceberg is refused, whatever the case of its type', async () => {
    const catalog = await openCatalog()
    const namespace = world.database()
    await glue.send(new CreateDatabaseCommand({ DatabaseInput: { Name: namespace } }))
    const make = (name: string, parameters: Record<string, string>) =>
      glue.send(
        new CreateTableCommand({
          DatabaseName: namespace,
          TableInput: { Name: name, Parameters: parameters },
        }),
      )
    await make('records', { classification: 'parquet' })
    await make('lower', { table_type: 'iceberg', metadata_location: 'x' })
    const refused = (error: unknown) =>
      isFault(error, 'invalid') && /no Iceberg/.test(error.message)
    await assert.rejects(catalog.load({ namespace, name: 'records' }), refused)
    await assert.rejects(catalog.swap({ namespace, name: 'records' }, A, 'b'), refused)
    assert.equal(await catalog.swap({ namespace, name: 'records' }, null, 'b'), 'lost')
    assert.equal((await catalog.load({ namespace, name: 'lower' }))?.location, 'x')
    await catalog[Symbol.asyncDispose]()
  })

  for (const [kind, outcome, after] of [
    ['conflict', 'lost', 'a'],
    ['failed', 'unknown', 'a'],
    ['cut', 'unknown', 'a'],
    ['hang', 'unknown', 'a'],
    ['applied-then-500', 'unknown', 'b'],
    ['applied-then-cut', 'unknown', 'b'],
  ] as const)
    test(`a swap that meets ${kind} is ${outcome}, and sent once`, async () => {
      await using at = await opened(kind === 'hang' ? { patienceMs: IMPATIENCE_MS } : {})
      const before = glueFaults.seen('UpdateTable')
      glueFaults.inject({ kind, operation: 'UpdateTable' })
      assert.equal(await at.catalog.swap(at.name, A, 'b'), outcome)
      assert.equal(glueFaults.seen('UpdateTable') - before, 1)
      assert.equal((await at.catalog.load(at.name))?.location, after)
    })

  for (const [kind, outcome, after] of [
    ['failed', 'unknown', null],
    ['applied-then-500', 'unknown', 'b'],
    ['applied-then-cut', 'unknown', 'b'],
  ] as const)
    test(`a creation that meets ${kind} is ${outcome}, and sent once`, async () => {
      await using at = await opened()
      const name = { ...at.name, name: 'feed_log' }
      glueFaults.inject({ kind, operation: 'CreateTable' })
      assert.equal(await at.catalog.swap(name, null, 'b'), outcome)
      assert.equal(glueFaults.happened(kind) > 0, true)
      assert.equal((await at.catalog.load(name))?.location ?? null, after)
    })

  test('what Glue turns away undone is tried again, and not for ever', async () => {
    await using at = await opened()
    glueFaults.inject({ kind: 'throttled', operation: 'UpdateTable', times: 2 })
    assert.equal(await at.catalog.swap(at.name, A, 'b'), 'swapped')
    glueFaults.inject({ kind: 'throttled', operation: 'UpdateTable' })
    const b = { location: 'b', token: null }
    await assert.rejects(at.catalog.swap(at.name, b, 'c'), (error) => isFault(error, 'unavailable'))
    assert.equal((await at.catalog.load(at.name))?.location, 'b')
  })

  test('loading outlives answers that fail', async () => {
    await using at = await opened({ patienceMs: IMPATIENCE_MS })
    for (const kind of ['throttled', 'failed', 'cut', 'hang'] as const) {
      glueFaults.inject({ kind, operation: 'GetTable', times: 1 })
      assert.equal((await at.catalog.load(at.name))?.location, 'a')
    }
    glueFaults.inject({ kind: 'failed', operation: 'GetTable' })
    await assert.rejects(at.catalog.load(at.name), (error) => isFault(error, 'unavailable'))
  })

  test('a swap that is late loses to the one that came between', async () => {
    await using at = await opened()
    const other = await openCatalog()
    glueFaults.inject({ kind: 'delay', operation: 'UpdateTable', ms: 700, times: 1 })
    const late = at.catalog.swap(at.name, A, 'late')
    while (glueFaults.happened('delay') === 0) await new Promise((tick) => setTimeout(tick, 5))
    assert.equal(await other.swap(at.name, A, 'between'), 'swapped')
    assert.equal(await late, 'lost')
    assert.equal((await at.catalog.load(at.name))?.location, 'between')
    await other[Symbol.asyncDispose]()
  })

  test('acknowledged swaps of many writers form one chain', async () => {
    await using at = await opened()
    const writers = await Promise.all(Array.from({ length: WRITERS }, () => openCatalog()))
    glueFaults.inject({ kind: 'applied-then-500', operation: 'UpdateTable', chance: 0.1 })
    glueFaults.inject({ kind: 'throttled', operation: 'UpdateTable', chance: 0.1 })
    let current = 'a'
    for (let round = 0; round < ROUNDS; round++) {
      const from = { location: current, token: null }
      const outcomes = await Promise.all(
        writers.map((writer, i) => writer.swap(at.name, from, `${round}-${i}`)),
      )
      const told = outcomes.flatMap((outcome, i) =>
        outcome === 'swapped' ? [`${round}-${i}`] : [],
      )
      const doubtful = outcomes.flatMap((outcome, i) =>
        outcome === 'unknown' ? [`${round}-${i}`] : [],
      )
      const now = (await at.catalog.load(at.name))?.location ?? ''
      assert.ok(told.length <= 1, `round ${round}: ${outcomes.join(', ')}`)
      assert.ok([...told, ...doubtful].includes(now), `round ${round}: ${now}`)
      if (told.length === 1) assert.equal(now, told[0])
      assert.equal((await at.table()).Parameters?.['previous_metadata_location'], current)
      current = now
    }
    for (const writer of writers) await writer[Symbol.asyncDispose]()
  })
})
