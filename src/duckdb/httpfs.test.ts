import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isFault } from '../flow/fault.ts'
import { systemClock } from '../flow/clock.ts'
import { faultOf } from './faults.ts'
import { openHttpfs, type Httpfs, type S3Credentials } from './httpfs.ts'

const MINUTE_MS = 60_000
const httpfs: Httpfs = {
  extension: null,
  scope: 's3://lake/prefix/',
  region: 'eu-west-1',
  endpoint: null,
  pathStyle: false,
  credentials: async () => ({ accessKeyId: 'key', secretAccessKey: "it's" }),
  clock: systemClock,
}

async function opened(options: Partial<Httpfs>) {
  const ran: string[] = []
  const run = async (sql: string) => {
    ran.push(sql)
    await new Promise((resolve) => setTimeout(resolve, 1))
  }
  const refresh = await openHttpfs({ ...httpfs, ...options }, run)
  return { refresh, secrets: () => ran.filter((sql) => sql.includes('SECRET')), ran }
}

test('the credentials are for the lake alone, and reach it as the settings say', async () => {
  const { ran, secrets } = await opened({})
  assert.equal(ran[0], 'LOAD httpfs')
  assert.deepEqual(secrets(), [
    "CREATE OR REPLACE SECRET lake (TYPE s3, SCOPE 's3://lake/prefix/', KEY_ID 'key', SECRET 'it''s', REGION 'eu-west-1', URL_STYLE 'vhost')",
  ])
  const store = await opened({
    extension: "/ext/it's",
    endpoint: 'http://127.0.0.1:9000',
    pathStyle: true,
    credentials: async () => ({ accessKeyId: 'a', secretAccessKey: 'b', sessionToken: 'c' }),
  })
  assert.equal(store.ran[0], "LOAD '/ext/it''s'")
  assert.match(store.secrets()[0] ?? '', /SESSION_TOKEN 'c'/)
  assert.match(
    store.secrets()[0] ?? '',
    /URL_STYLE 'path', ENDPOINT '127.0.0.1:9000', USE_SSL false/,
  )
})

test('credentials that end soon are made anew, once for all who ask', async () => {
  let now = 0
  let asked = 0
  const credentials = async (): Promise<S3Credentials> => ({
    accessKeyId: `key${++asked}`,
    secretAccessKey: 's',
    expiration: new Date(now + 60 * MINUTE_MS),
  })
  const { refresh } = await opened({ credentials, clock: { ...systemClock, now: () => now } })
  now = 40 * MINUTE_MS
  await refresh()
  assert.equal(asked, 1)
  now = 50 * MINUTE_MS
  await Promise.all([refresh(), refresh()])
  assert.equal(asked, 2)
})

test('an extension that does not load is invalid, with the words of DuckDB', async () => {
  const run = async () => {
    throw faultOf(new Error('IO Error: Extension "x" not found.\nmore'))
  }
  await assert.rejects(openHttpfs(httpfs, run), (error) => {
    assert.ok(isFault(error, 'invalid'))
    assert.match(error.message, /httpfs does not load: .*not found\.$/)
    return true
  })
})

test('a store that refuses is told from one that is away', () => {
  const of = (status: string) => faultOf(new Error(`HTTP Error: HTTP GET error (HTTP ${status})`))
  assert.equal(of('403 Forbidden').kind, 'invalid')
  assert.equal(of('404 Not Found').kind, 'unavailable')
  assert.equal(of('503 Slow Down').kind, 'unavailable')
})
