import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { after, before, describe, it } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import {
  CreateDatabaseCommand,
  CreateTableCommand,
  GetTableCommand,
  UpdateTableCommand,
  type GlueClient,
} from '@aws-sdk/client-glue'
import { ListObjectsV2Command } from '@aws-sdk/client-s3'
import { isFault } from '../../src/flow/fault.ts'
import { startAws, type Aws } from '../../stack/aws.ts'
import { GLUE_MISHAPS, type GlueMishap } from '../../stack/aws/glue-proxy.ts'
import { motoPython } from '../../stack/aws/moto.ts'
import { withoutAws } from '../../stack/aws/needs.ts'
import { withoutIcebergJava } from '../../stack/iceberg-java/jars.ts'
import type { Trino } from '../../stack/trino.ts'
import { withoutTrino } from '../../stack/trino/needs.ts'
import { runStatement } from '../../stack/trino/statement.ts'
import { readGlueLake, withoutGlueLake } from '../readers/glue-lake.ts'
import { readByJava } from '../readers/iceberg-java.ts'
import { CHECKSUM_SQL } from '../readers/reading.ts'
import { glueAt, lives, outcomeOf, s3At, type Outcome } from './aws-clients.ts'

const MS_MAX = 240_000 // what is waited for in vain ends the test
const STARTED_MS_MAX = 20_000 // half a second on an idle machine
const IMPATIENCE_MS = 500
const ENDED_MS_MAX = 30_000 // of a busy machine
const RACERS = 16
const STACK = resolve(import.meta.dirname, '../../stack')
const NODE_FLAGS = ['--disable-warning=ExperimentalWarning', '--input-type=module']

/** Glue behind the proxy (`glue`), and as moto has it (`look`). */
type GlueWorld = AsyncDisposable & {
  readonly aws: Aws
  readonly startedMs: number
  readonly impatient: GlueClient
  create(table: string): Promise<unknown>
  update(table: string, how: Update): Promise<unknown>
  look(table: string): Promise<{ readonly version: string; readonly note: string }>
}
type Update = { readonly note: string; readonly version?: string; readonly by?: GlueClient }

async function openGlueWorld(): Promise<GlueWorld> {
  await motoPython() // which pip may have to bring
  const startedAt = performance.now()
  const aws = await startAws({ seed: 7 })
  const startedMs = performance.now() - startedAt
  const glue = glueAt(aws.glue, aws)
  const moto = glueAt(aws.moto, aws)
  const table = (Name: string, note: string) => ({
    DatabaseName: 'market',
    TableInput: { Name, Parameters: { note } },
  })
  await moto.send(new CreateDatabaseCommand({ DatabaseInput: { Name: 'market' } }))
  return {
    aws,
    startedMs,
    impatient: glueAt(aws.glue, { ...aws, patienceMs: IMPATIENCE_MS }),
    create: (name) => glue.send(new CreateTableCommand(table(name, 'none'))),
    update: (name, { note, version, by = glue }) =>
      by.send(new UpdateTableCommand({ ...table(name, note), VersionId: version })),
    look: async (Name) => {
      const found = await moto.send(new GetTableCommand({ DatabaseName: 'market', Name }))
      const { VersionId: version = '', Parameters } = found.Table ?? {}
      return { version, note: Parameters?.['note'] ?? '' }
    },
    [Symbol.asyncDispose]: () => aws[Symbol.asyncDispose](),
  }
}

describe('Glue without AWS', { skip: withoutAws(), timeout: MS_MAX }, () => {
  let world: GlueWorld
  before(async () => {
    world = await openGlueWorld()
  })
  after(() => world[Symbol.asyncDispose]())

  it('is there in seconds, with a bucket', async () => {
    const { aws, startedMs } = world
    assert.ok(startedMs < STARTED_MS_MAX, `${startedMs} ms`)
    const found = await s3At(aws.s3, aws).send(new ListObjectsV2Command({ Bucket: aws.bucket }))
    assert.equal(found.KeyCount, 0)
  })

  it('of many that create one table exactly one does', async () => {
    const { create } = world
    const racers = Array.from({ length: RACERS }, () => outcomeOf(create('raced')))
    const outcomes = (await Promise.all(racers)).toSorted()
    const losers = Array.from({ length: RACERS - 1 }, () => 'AlreadyExistsException 400')
    assert.deepEqual(outcomes, [...losers, 'ok'])
  })

  it('of many that update one version exactly one does, and each update is a new version', async () => {
    const { create, update, look } = world
    await create('updated')
    for (let round = 1; round <= 5; round++) {
      const { version } = await look('updated')
      const racers = Array.from({ length: RACERS }, (_, racer) =>
        outcomeOf(update('updated', { note: `${round}.${racer}`, version })),
      )
      const outcomes = await Promise.all(racers)
      const winners = outcomes.flatMap((outcome, racer) => (outcome === 'ok' ? [racer] : []))
      assert.equal(winners.length, 1)
      const losers = outcomes.filter((outcome) => outcome !== 'ok')
      assert.deepEqual(new Set(losers), new Set(['ConcurrentModificationException 400']))
      const after = await look('updated')
      assert.equal(after.note, `${round}.${winners[0]}`)
      assert.equal(Number(after.version), Number(version) + 1)
    }
  })

  it('an update without a version is applied to whichever there is', async () => {
    const { create, update, look } = world
    await create('blind')
    const { version } = await look('blind')
    assert.equal(await outcomeOf(update('blind', { note: 'first' })), 'ok')
    assert.deepEqual(await look('blind'), { version: String(Number(version) + 1), note: 'first' })
    const late = await outcomeOf(update('blind', { note: 'second', version }))
    assert.equal(late, 'ConcurrentModificationException 400')
    assert.equal((await look('blind')).note, 'first')
  })

  const EXPECTED: Readonly<Record<GlueMishap, readonly [Outcome, applied: boolean]>> = {
    conflict: ['ConcurrentModificationException 400', false],
    throttled: ['ThrottlingException 400', false],
    failed: ['InternalServiceException 500', false],
    'applied-then-500': ['InternalServiceException 500', true],
    'applied-then-cut': ['TimeoutError -', true],
    cut: ['TimeoutError -', false],
    hang: ['TimeoutError -', false],
    delay: ['ok', true],
  }
  for (const kind of GLUE_MISHAPS)
    it(`${kind}: the answer and what was applied are as it says, once`, async () => {
      const {
        aws: { glueFaults },
        create,
        update,
        look,
        impatient,
      } = world
      const [outcome, applied] = EXPECTED[kind]
      const name = `mishap-${kind}`
      await create(name)
      glueFaults.inject({ kind, operation: 'UpdateTable', resource: name, times: 1, ms: 200 })
      const { version } = await look(name)
      const startedAt = performance.now()
      const by = kind === 'hang' ? { by: impatient } : {}
      assert.equal(await outcomeOf(update(name, { note: 'spoilt', version, ...by })), outcome)
      if (kind === 'delay') assert.ok(performance.now() - startedAt >= 195)
      const after = await look(name)
      assert.equal(after.note, applied ? 'spoilt' : 'none')
      assert.equal(after.version === version, !applied)
      assert.equal(glueFaults.happened(kind), 1)
      assert.equal(await outcomeOf(update(name, { note: 'whole', version: after.version })), 'ok')
    })

  it('survives a client that has gone before its answer', async () => {
    const { aws, create, update, look, impatient: by } = world
    await create('gone')
    for (const kind of ['failed', 'applied-then-500', 'delay'] as const) {
      aws.glueFaults.inject({ kind: 'delay', resource: 'gone', times: 1, ms: 2 * IMPATIENCE_MS })
      aws.glueFaults.inject({ kind, resource: 'gone', times: 1, ms: 1 })
      const outcome = await outcomeOf(update('gone', { note: kind, by }))
      assert.equal(outcome, 'TimeoutError -')
    }
    while ((await look('gone')).note !== 'delay') await delay(20)
  })

  it('a delayed update without a version overwrites what came meanwhile, one with it does not', async () => {
    const {
      aws: { glueFaults },
      create,
      update,
      look,
    } = world
    for (const versioned of [false, true]) {
      const name = `late-${versioned}`
      await create(name)
      const { version } = await look(name)
      const before = glueFaults.happened('delay')
      glueFaults.inject({ kind: 'delay', resource: name, times: 1, ms: 300 })
      const late = outcomeOf(update(name, { note: 'late', ...(versioned ? { version } : {}) }))
      while (glueFaults.happened('delay') === before) await delay(5)
      assert.equal(await outcomeOf(update(name, { note: 'quick', version })), 'ok')
      assert.equal(await late, versioned ? 'ConcurrentModificationException 400' : 'ok')
      assert.equal((await look(name)).note, versioned ? 'quick' : 'late')
    }
  })

  it('a mishap meets only whom it names, by the chance that its seed decides', async () => {
    const {
      aws: { glueFaults },
      create,
      update,
    } = world
    await create('chance')
    glueFaults.inject({ kind: 'failed', agent: 'aws-sdk-java' })
    assert.equal(await outcomeOf(update('chance', { note: 'other' })), 'ok')
    const decided = async () => {
      await using again = await startAws({ seed: 11 })
      again.glueFaults.inject({ kind: 'throttled', agent: 'aws-sdk-js', chance: 0.5 })
      const client = glueAt(again.glue, again)
      const ask = new GetTableCommand({ DatabaseName: 'market', Name: 'none' })
      const outcomes: Outcome[] = []
      for (let n = 0; n < 24; n++) outcomes.push(await outcomeOf(client.send(ask)))
      assert.equal(again.glueFaults.seen('GetTable'), 24)
      again.glueFaults.clear()
      assert.equal(await outcomeOf(client.send(ask)), 'EntityNotFoundException 400')
      return outcomes
    }
    const outcomes = await decided()
    assert.deepEqual(
      new Set(outcomes),
      new Set(['ThrottlingException 400', 'EntityNotFoundException 400']),
    )
    assert.deepEqual(await decided(), outcomes)
  })
})

describe('Trino on it', { skip: withoutTrino(), timeout: MS_MAX }, () => {
  it('makes a table that readers of others read alike, and all ends with a killed process', async (test) => {
    const source = `
      import { startAws } from ${JSON.stringify(`${STACK}/aws.ts`)}
      import { startTrino } from ${JSON.stringify(`${STACK}/trino.ts`)}
      const aws = await startAws()
      const trino = await startTrino({ aws })
      const { env, bucket } = aws
      const { url, catalog } = trino
      const pids = [aws.pid, trino.pid]
      console.log(JSON.stringify({ env, bucket, url, catalog, pids, logs: [aws.log, trino.log] }))`
    const child = spawn(process.execPath, [...NODE_FLAGS, '-e', source], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const [line] = (await once(createInterface(child.stdout), 'line')) as [string]
    const { pids, logs, ...started } = JSON.parse(line) as Started
    const dirs = logs.map((log) => dirname(log))
    try {
      await readAlike(started, (lack) => test.diagnostic(lack))
      assert.deepEqual(pids.map(lives), [true, true])
      assert.deepEqual(dirs.map(existsSync), [true, true])
    } finally {
      child.kill('SIGKILL')
    }
    const deadline = performance.now() + ENDED_MS_MAX
    const isLeft = () => dirs.some(existsSync) || pids.some(lives) // a killed machine takes a moment to be gone
    while (isLeft() && performance.now() < deadline) await delay(50)
    assert.deepEqual(pids.map(lives), [false, false])
    assert.deepEqual(dirs.map(existsSync), [false, false])
  })

  type Started = Pick<Aws, 'env' | 'bucket'> &
    Pick<Trino, 'url' | 'catalog'> & { readonly pids: number[]; readonly logs: string[] }

  async function readAlike(
    { url, catalog, bucket, env }: Omit<Started, 'pids' | 'logs'>,
    tell: (lack: string) => void,
  ): Promise<void> {
    const query = async (sql: string) =>
      (await runStatement(sql, { url, catalog, schema: 'market', user: 'test' })).rows
    assert.deepEqual(await query('SELECT 1'), [[1]])
    await query(`CREATE SCHEMA market WITH (location = 's3://${bucket}/market')`)
    await query(
      `CREATE TABLE records (symbol varchar, ts timestamp(6), price double, volume double,
         tape_partition int, tape_offset bigint) WITH (partitioning = ARRAY['day(ts)'])`,
    )
    await query(
      `INSERT INTO records SELECT 'S' || cast(i % 10 as varchar),
         timestamp '2026-11-20 10:00:00.123456' + i * interval '1' minute, 100 + i * 0.01, i * 0.5,
         cast(i % 3 as int), i FROM UNNEST(sequence(1, 4000)) AS t(i)
       UNION ALL VALUES (NULL, NULL, NULL, NULL, 0, 5000)`,
    )
    const sql = `SELECT count(*), sum(tape_offset), ${CHECKSUM_SQL.trino} FROM records`
    const [row = []] = await query(sql)
    assert.deepEqual(row.slice(0, 2), [4001, 8_007_000])
    const filters = ['symbol=S3', 'day=2026-11-21', 'symbol=S3,day=2026-11-21', 'symbol=none']
    const readers = [
      [withoutGlueLake(), readGlueLake],
      [withoutIcebergJava(), readByJava],
    ] as const
    for (const [lack, read] of readers) {
      if (lack !== false) {
        tell(lack)
        continue
      }
      const seen = await read({ table: 'market.records', filters, env })
      assert.deepEqual([seen.rows, Number(seen.offsets), seen.checksum], row)
      assert.deepEqual([seen.nulls['symbol'], seen.nulls['tape_offset'], seen.files], [1, 0, 5])
      assert.deepEqual(seen.planned, {
        'symbol=S3': { files: 4, rows: 400 },
        'day=2026-11-21': { files: 1, rows: 1440 },
        'symbol=S3,day=2026-11-21': { files: 1, rows: 144 },
        'symbol=none': { files: 0, rows: 0 },
      })
    }
    await assert.rejects(
      query('SELECT nothing'),
      (error) => isFault(error, 'invalid') && error.message.startsWith('COLUMN_NOT_FOUND'),
    )
  }
})
