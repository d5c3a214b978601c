import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { isFault, type FaultKind } from '../flow/fault.ts'
import { systemClock } from '../flow/clock.ts'
import { seededRandom } from '../flow/random.ts'
import { openAthenaQuery } from './athena.ts'
import type { AthenaApi, Execution, ResultPage } from './athena/api.ts'
import { costUsd } from './athena/cost.ts'
import { endingFault, type Failing } from './athena/faults.ts'
import type { Progress } from './progress.ts'
import type { Value } from './query.ts'

type Script = {
  readonly looks: readonly Partial<Execution>[]
  readonly pages?: readonly ResultPage[]
}
const NO_LIMITS = { rowsMax: null, millisMax: null }
const never = () => new AbortController().signal
const NOTHING: ResultPage = { columns: [], rows: [], next: null }

/** An Athena that goes through `looks` and stays at the last. */
function scripted({ looks, pages = [NOTHING] }: Script) {
  const calls: string[] = []
  const told: Progress[] = []
  let at = 0
  const api: AthenaApi = {
    start: async ({ sql, database, workgroup, token }) => {
      calls.push(`start ${sql} in ${database} by ${workgroup}, token of ${token.length}`)
      return 'q1'
    },
    look: async () => {
      const look = looks[Math.min(at++, looks.length - 1)]
      return { state: 'RUNNING', statement: 'DML', scannedBytes: 0, failing: null, ...look }
    },
    page: async (_id, token) => {
      calls.push(`page ${token}`)
      return pages[Number(token ?? 0)] ?? NOTHING
    },
    stop: async (id) => void calls.push(`stop ${id}`),
    [Symbol.dispose]: () => void calls.push('closed'),
  }
  const query = openAthenaQuery({
    api,
    database: 'market',
    workgroup: 'ticklake',
    priceUsd: 5,
    clock: systemClock,
    random: seededRandom(1),
    tell: (progress) => told.push(progress),
  })
  return { query, calls, told }
}

const column = (name: string, type: string, { precision = 0, scale = 0 } = {}) => ({
  name,
  type,
  precision,
  scale,
})

async function rowsOf(batches: AsyncIterable<readonly (readonly Value[])[]>) {
  const rows: (readonly Value[])[] = []
  for await (const batch of batches) rows.push(...batch)
  return rows
}

const ended = (state: 'FAILED' | 'CANCELLED', rest: Partial<Failing> = {}) => ({
  state,
  failing: { state, reason: '', category: null, retryable: false, ...rest },
})

describe('a query by Athena', () => {
  test('is told of while it runs, with what it read and costs', async () => {
    const { query, told, calls } = scripted({
      looks: [
        { state: 'QUEUED' },
        { scannedBytes: 4_000_000 },
        { state: 'SUCCEEDED', scannedBytes: 2e12 },
      ],
    })
    await query.run('SELECT 1;', NO_LIMITS, never())
    assert.match(calls[0] ?? '', /^start SELECT 1 in market by ticklake, token of 36$/)
    assert.deepEqual(
      told.map(({ state, scannedBytes, cost, ended }) => [state, scannedBytes, cost, ended]),
      [
        ['QUEUED', 0, 0, false],
        ['RUNNING', 4_000_000, 0.00005, false],
        ['SUCCEEDED', 2e12, 10, true],
      ],
    )
    await query[Symbol.asyncDispose]()
    assert.equal(calls.at(-1), 'closed')
  })

  test('gives every type as our own engine does, null and empty text apart', async () => {
    const types: readonly (readonly [type: string, text: string, value: Value])[] = [
      ['boolean', 'true', true],
      ['tinyint', '-128', -128],
      ['smallint', '32767', 32_767],
      ['integer', '-2147483648', -2_147_483_648],
      ['bigint', '9223372036854775807', 9_223_372_036_854_775_807n],
      ['float', '1.5', 1.5],
      ['double', 'NaN', Number.NaN],
      ['double', '-Infinity', Number.NEGATIVE_INFINITY],
      ['double', '1.0E300', 1e300],
      ['varchar', '', ''],
      ['char', 'a  ', 'a  '],
      ['varbinary', '61 00 ff', String.raw`a\x00\xFF`],
      ['varbinary', '', ''],
      ['date', '2026-11-23', '2026-11-23'],
      ['timestamp', '2026-11-23 12:00:00.123000', '2026-11-23T12:00:00.123Z'],
      ['timestamp with time zone', '2026-11-23 12:00:00.123 UTC', '2026-11-23T12:00:00.123Z'],
      ['time', '12:00:00.000', '12:00:00.000'],
      ['interval day to second', '1 00:00:00.000', '1 00:00:00.000'],
      ['array', '[a, b]', '[a, b]'],
      ['map', '{k=v}', '{k=v}'],
      ['row', '{a=1, b=null}', '{a=1, b=null}'],
    ]
    const columns = [
      ...types.map(([type], i) => column(`c${i}`, type)),
      column('d', 'decimal', { precision: 15, scale: 2 }),
      column('e', 'decimal', { precision: 38, scale: 2 }),
      column('n', 'bigint'),
    ]
    const rows = [
      columns.map(({ name }) => name),
      [...types.map(([, text]) => text), '1.50', '1.50', null],
    ]
    const looks = [{ state: 'SUCCEEDED' }]
    const { query } = scripted({ looks, pages: [{ columns, rows, next: null }] })
    const answer = await query.run('SELECT 1', NO_LIMITS, never())
    assert.deepEqual(await rowsOf(answer.batches), [
      [...types.map(([, , value]) => value), 1.5, '1.50', null],
    ])
    assert.deepEqual(
      answer.columns.slice(4, 6).map(({ type }) => type),
      ['BIGINT', 'FLOAT'],
    )
    assert.equal(answer.columns.at(-2)?.type, 'DECIMAL(38,2)')
  })

  test('reads the next page only when it is asked for, and stops at the most rows', async () => {
    const columns = [column('n', 'integer')]
    const pages = [
      { columns, rows: [['n'], ['1'], ['2']], next: '1' },
      { columns, rows: [['3'], ['4']], next: '2' }, // the header comes once
      { columns, rows: [['5']], next: null },
    ]
    const { query, calls } = scripted({ looks: [{ state: 'SUCCEEDED' }], pages })
    const limited = await query.run('SELECT n', { rowsMax: 3, millisMax: null }, never())
    assert.deepEqual(calls.slice(1), ['page null'])
    assert.deepEqual(await rowsOf(limited.batches), [[1], [2], [3]])
    assert.deepEqual(calls.slice(1), ['page null', 'page 1'])
    assert.equal(limited.truncated(), true)
    const whole = await query.run('SELECT n', NO_LIMITS, never())
    assert.deepEqual(await rowsOf(whole.batches), [[1], [2], [3], [4], [5]])
  })

  test('has a header in what SELECT and EXPLAIN answer, and in no SHOW', async () => {
    const columns = [column('name', 'varchar')]
    const pages = [{ columns, rows: [['name'], ['x']], next: null }]
    const of = async (sql: string, statement: Execution['statement']) => {
      const { query } = scripted({ looks: [{ state: 'SUCCEEDED', statement }], pages })
      return rowsOf((await query.run(sql, NO_LIMITS, never())).batches)
    }
    assert.deepEqual(await of('SELECT name', 'DML'), [['x']])
    assert.deepEqual(await of('EXPLAIN SELECT 1', 'UTILITY'), [['x']])
    assert.deepEqual(await of('SHOW TABLES', 'UTILITY'), [['name'], ['x']])
  })

  test('by DESCRIBE has its columns apart', async () => {
    const columns = ['col_name', 'data_type', 'comment'].map((name) => column(name, 'string'))
    const rows = [
      ['symbol              \tstring              \tas sent     '],
      ['ts  \ttimestamp\t'],
    ]
    const looks = [{ state: 'SUCCEEDED', statement: 'UTILITY' as const }]
    const { query } = scripted({ looks, pages: [{ columns, rows, next: null }] })
    const answer = await query.run('DESCRIBE trades', NO_LIMITS, never())
    assert.deepEqual(await rowsOf(answer.batches), [
      ['symbol', 'string', 'as sent'],
      ['ts', 'timestamp', ''],
    ])
  })

  test('that is aborted is stopped at AWS, and what it read by then is told', async () => {
    const { query, calls, told } = scripted({
      looks: [
        { scannedBytes: 5e9 },
        { scannedBytes: 6e9 },
        { ...ended('CANCELLED'), scannedBytes: 7e9 },
      ],
    })
    const stop = new AbortController()
    const running = query.run('SELECT 1', NO_LIMITS, stop.signal)
    setTimeout(() => stop.abort(), 20)
    await assert.rejects(running, (error) => isFault(error, 'closed'))
    assert.deepEqual(calls.slice(1), ['stop q1'])
    assert.deepEqual(
      [told.at(-1)?.scannedBytes, told.at(-1)?.cost, told.at(-1)?.ended],
      [7e9, 0.035, true],
    )
  })

  test('that takes longer than it may is stopped at AWS too', async () => {
    const { query, calls } = scripted({ looks: [{}, {}, ended('CANCELLED')] })
    const running = query.run('SELECT 1', { rowsMax: null, millisMax: 20 }, never())
    await assert.rejects(
      running,
      (error) => isFault(error, 'invalid') && /longer than 20 ms/.test(error.message),
    )
    assert.deepEqual(calls.slice(1), ['stop q1'])
  })

  test('that writes is not sent', async () => {
    const { query, calls } = scripted({ looks: [] })
    await assert.rejects(query.run('DELETE FROM records', NO_LIMITS, never()), /DELETE does more/)
    assert.deepEqual(calls, [])
  })
})

test('why a query failed says who must act', () => {
  const kinds: readonly (readonly [
    reason: string,
    rest: Partial<Failing>,
    kind: FaultKind,
    remedy: RegExp,
  ])[] = [
    ["line 1:8: Column 'x' cannot be resolved", { category: 2 }, 'invalid', /Correct the query/],
    ['GENERIC_INTERNAL_ERROR: null', { category: 1 }, 'unavailable', /not the query/],
    ['Amazon S3 asked to Slow Down', { category: 3 }, 'unavailable', /not the query/],
    [
      'Query exhausted resources at this scale factor',
      { category: 2, retryable: true },
      'unavailable',
      /again/,
    ],
    [
      'User: arn:aws:iam::1:user/x is not authorized to perform: glue:GetTable on resource',
      { category: 2 },
      'invalid',
      /Allow glue:GetTable/,
    ],
    ['Query exhausted bytes scanned cutoff', { category: 2 }, 'invalid', /athena\.scan_max/],
    ['Bytes scanned limit was exceeded', { state: 'CANCELLED' }, 'invalid', /athena\.scan_max/],
    ['', { state: 'CANCELLED' }, 'closed', /ask again/],
  ]
  for (const [reason, rest, kind, remedy] of kinds) {
    const fault = endingFault({
      state: 'FAILED',
      category: null,
      retryable: false,
      ...rest,
      reason,
    })
    assert.equal(fault.kind, kind, reason)
    assert.match(fault.remedy, remedy)
  }
})

test('a query costs 10 MB at least, also when it was cancelled, and nothing when it failed', () => {
  const cost = (execution: Partial<Execution>) =>
    costUsd(
      { state: 'SUCCEEDED', statement: 'DML', scannedBytes: 0, failing: null, ...execution },
      5,
    )
  assert.equal(cost({ scannedBytes: 1 }), 0.00005)
  assert.equal(cost({ scannedBytes: 12_300_000 }), 0.0000615)
  assert.equal(cost({ ...ended('CANCELLED'), scannedBytes: 1e12 }), 5)
  assert.equal(cost(ended('CANCELLED')), 0)
  assert.equal(cost({ ...ended('FAILED'), scannedBytes: 1e12 }), 0)
  assert.equal(cost({ statement: 'DDL' }), 0)
  assert.equal(cost({ statement: 'UTILITY' }), 0)
})
