import assert from 'node:assert/strict'
import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, test } from 'node:test'
import { isFault, type FaultKind } from '../flow/fault.ts'
import { seededRandom } from '../flow/random.ts'
import { openTrinoQuery } from './trino.ts'
import { parseTrinoAddress } from './trino/address.ts'
import type { Value } from './query.ts'

type Asked = { readonly line: string; readonly headers: IncomingHttpHeaders; readonly body: string }
type Answer = { readonly status?: number; readonly body: string }

const NO_LIMITS = { rowsMax: null, millisMax: null }
const STATS = {
  state: 'RUNNING',
  completedSplits: 1,
  totalSplits: 2,
  physicalInputBytes: 3,
}
const COLUMNS = [{ name: 'n', type: 'bigint', typeSignature: { rawType: 'bigint', arguments: [] } }]

/** A server that answers by `answer`, which is told its own address; what it is asked is kept. */
async function stub(answer: (asked: Asked, base: string, count: number) => Answer) {
  const all: Asked[] = []
  const server = createServer((request, response) => {
    let body = ''
    request.setEncoding('utf8').on('data', (text: string) => (body += text))
    request.on('end', () => {
      const asked = { line: `${request.method} ${request.url}`, headers: request.headers, body }
      all.push(asked)
      const { status = 200, body: text } = answer(asked, base, all.length)
      response.writeHead(status).end(text)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const slept: number[] = []
  const query = openTrinoQuery({
    address: parseTrinoAddress(`${base.replace('//', '//ann@')}/ice/ticks`, false),
    password: null,
    clock: {
      now: Date.now,
      monotonic: () => performance.now(),
      sleep: async (ms) => void slept.push(ms),
    },
    random: seededRandom(1),
  })
  return {
    base,
    query,
    all,
    slept,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

const page = (rest: object): string => JSON.stringify({ id: 'q', stats: STATS, ...rest })
const never = () => new AbortController().signal

async function rowsOf(batches: AsyncIterable<readonly (readonly Value[])[]>) {
  return (await Array.fromAsync(batches)).flat()
}

describe('the protocol of Trino', () => {
  test('asks as the address says, in UTC, with every digit of a timestamp', async () => {
    await using world = await stub(() => ({ body: page({ columns: COLUMNS, data: [[1]] }) }))
    const answer = await world.query.run('SELECT n;', NO_LIMITS, never())
    assert.deepEqual(await rowsOf(answer.batches), [[1n]])
    const [{ line, headers, body } = { line: '', headers: {}, body: '' }] = world.all
    assert.deepEqual([line, body], ['POST /v1/statement', 'SELECT n'])
    assert.equal(headers['x-trino-user'], 'ann')
    assert.equal(headers['x-trino-catalog'], 'ice')
    assert.equal(headers['x-trino-schema'], 'ticks')
    assert.equal(headers['x-trino-time-zone'], 'UTC')
    assert.equal(headers['x-trino-client-capabilities'], 'PARAMETRIC_DATETIME')
    assert.equal(headers['authorization'], undefined)
  })

  test('reads integers beyond 2^53 exactly', async () => {
    const body = page({ columns: COLUMNS, data: [['X']] }).replace('"X"', '9223372036854775807')
    await using world = await stub(() => ({ body }))
    const answer = await world.query.run('SELECT n', NO_LIMITS, never())
    assert.deepEqual(await rowsOf(answer.batches), [[9_223_372_036_854_775_807n]])
  })

  test('waits for a server that is busy, and asks for the page again', async () => {
    await using world = await stub((_asked, base, count) => {
      if (count === 1) return { body: page({ nextUri: `${base}/next/1` }) }
      if (count < 5) return { status: [429, 502, 503][count - 2] ?? 504, body: 'busy' }
      return { body: page({ columns: COLUMNS, data: [[7]] }) }
    })
    const answer = await world.query.run('SELECT n', NO_LIMITS, never())
    assert.deepEqual(await rowsOf(answer.batches), [[7n]])
    assert.deepEqual(world.slept.length, 3)
  })

  test('goes to no other address, where it would take the password', async () => {
    await using world = await stub(() => ({ body: page({ nextUri: 'http://127.0.0.2:1/next' }) }))
    await assert.rejects(
      world.query.run('SELECT 1', NO_LIMITS, never()),
      (error) => isFault(error, 'invalid') && /process-forwarded/.test(error.remedy),
    )
    await using other = await stub(() => ({ status: 307, body: '' }))
    await assert.rejects(other.query.run('SELECT 1', NO_LIMITS, never()), /answers 307/)
  })

  test('cancels what is not read to its end', async () => {
    await using world = await stub((asked, base) => {
      const next = Number(/\d+$/.exec(asked.line)?.[0] ?? 0) + 1
      const data = asked.line.startsWith('GET') ? { data: [[next], [next]] } : {}
      return { body: page({ columns: COLUMNS, nextUri: `${base}/next/${next}`, ...data }) }
    })
    const limits = { rowsMax: 3, millisMax: null }
    const answer = await world.query.run('SELECT n', limits, never())
    assert.deepEqual(await rowsOf(answer.batches), [[2n], [2n], [3n]])
    assert.equal(answer.truncated(), true)
    assert.deepEqual(
      world.all.map(({ line }) => line),
      ['POST /v1/statement', 'GET /next/1', 'GET /next/2', 'DELETE /next/3'],
    )
  })

  test('cancels what is aborted', async () => {
    const stop = new AbortController()
    await using world = await stub((_asked, base, count) => {
      if (count === 3) stop.abort()
      return { body: page({ nextUri: `${base}/next/${count}` }) }
    })
    await assert.rejects(world.query.run('SELECT n', NO_LIMITS, stop.signal), (error) =>
      isFault(error, 'closed'),
    )
    assert.match(world.all.at(-1)?.line ?? '', /^DELETE /)
  })

  test('turns what goes wrong into what a user does', async () => {
    const error = (errorName: string, errorType: string) =>
      page({ error: { message: 'line 1:8: no', errorName, errorType } })
    const cases: readonly (readonly [Answer, FaultKind, RegExp])[] = [
      [{ status: 401, body: '' }, 'invalid', /TICKLAKE_TRINO_PASSWORD/],
      [{ status: 404, body: '' }, 'unavailable', /query is gone/],
      [{ status: 500, body: 'x' }, 'unavailable', /log/],
      [{ body: '<html>' }, 'unavailable', /Check host and port/],
      [{ body: '{}' }, 'unavailable', /Check host and port/],
      [{ body: error('SYNTAX_ERROR', 'USER_ERROR') }, 'invalid', /Correct/],
      [{ body: error('TABLE_NOT_FOUND', 'USER_ERROR') }, 'invalid', /ddl --engine trino/],
      [{ body: error('SCHEMA_NOT_FOUND', 'USER_ERROR') }, 'invalid', /trino\.url/],
      [{ body: error('CATALOG_NOT_FOUND', 'USER_ERROR') }, 'invalid', /trino\.url/],
      [{ body: error('USER_CANCELED', 'USER_ERROR') }, 'closed', /again/],
      [{ body: error('EXCEEDED_TIME_LIMIT', 'INSUFFICIENT_RESOURCES') }, 'invalid', /less/],
      [{ body: error('QUERY_QUEUE_FULL', 'INSUFFICIENT_RESOURCES') }, 'unavailable', /again/],
      [{ body: error('ICEBERG_CATALOG_ERROR', 'EXTERNAL') }, 'unavailable', /again/],
    ]
    for (const [answer, kind, remedy] of cases) {
      await using world = await stub(() => answer)
      await assert.rejects(world.query.run('SELECT 1', NO_LIMITS, never()), (fault) => {
        assert.ok(isFault(fault, kind), `${answer.body}: ${String(fault)}`)
        assert.match(fault.remedy, remedy)
        return true
      })
    }
  })

  test('says of a server that speaks no TLS to write http, at once', async () => {
    await using world = await stub(() => ({ body: '' }))
    const address = parseTrinoAddress(world.base.replace('http:', 'https:'), false)
    const clock = { now: Date.now, monotonic: () => 0, sleep: () => assert.fail('tried again') }
    const options = { address, password: null, clock }
    const query = openTrinoQuery({ ...options, random: seededRandom(1) })
    await assert.rejects(query.run('SELECT 1', NO_LIMITS, never()), (error) => {
      assert.ok(isFault(error, 'invalid'), String(error))
      assert.match(error.message, /speaks no TLS on that port$/)
      assert.match(error.remedy, /http:\/\//)
      return true
    })
  })

  test('says of a server that is not there where it was sought', async () => {
    const address = parseTrinoAddress('http://127.0.0.1:1', false)
    const clock = { now: Date.now, monotonic: () => 0, sleep: async () => undefined }
    const query = openTrinoQuery({ address, password: null, clock, random: seededRandom(1) })
    await assert.rejects(query.run('SELECT 1', NO_LIMITS, never()), (error) => {
      assert.ok(isFault(error, 'unavailable'))
      assert.match(error.message, /127\.0\.0\.1:1 cannot be reached/)
      return true
    })
  })
})

describe('the address of Trino', () => {
  test('leaves user, catalog and schema to be said', () => {
    assert.deepEqual(parseTrinoAddress('https://trino.example', true), {
      server: 'https://trino.example',
      user: 'ticklake',
      catalog: 'lake',
      schema: 'market',
    })
    assert.deepEqual(parseTrinoAddress('http://a%40b@h:8080/ice/', false), {
      server: 'http://h:8080',
      user: 'a@b',
      catalog: 'ice',
      schema: 'market',
    })
  })

  test('carries no password, and none goes over http', () => {
    for (const [address, hasPassword] of [
      ['https://ann:secret@h', false],
      ['http://h', true],
      ['trino://h', false],
      ['h:8080', false],
      ['http://h/a/b/c', false],
      ['http://h/?x', false],
      ['http://h/%0A', false],
    ] as const)
      assert.throws(
        () => parseTrinoAddress(address, hasPassword),
        (error) => isFault(error, 'invalid') && !error.message.includes('secret'),
        address,
      )
  })
})
