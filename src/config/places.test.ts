import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { inspect } from 'node:util'
import { Fault, isFault } from '../flow/fault.ts'
import { catalogText, lakeText, namespaceOf } from './lake-places.ts'
import { loadSettings } from './load.ts'
import { feedAddress, placesOf, sourceOf, sqliteDir, tapeText } from './places.ts'

const load = (env: Record<string, string>) =>
  loadSettings({
    flags: new Map(),
    env: { ...env, XDG_CONFIG_HOME: '/nowhere' },
    cwd: '/nowhere',
    home: '/nowhere',
    file: null,
  })
const invalid = (message: RegExp) => (error: unknown) =>
  error instanceof Fault && error.kind === 'invalid' && message.test(error.message)

const isBug = (error: unknown) => isFault(error, 'bug')

describe('places', () => {
  test('without a key the feed is simulated, in a folder of its own', async () => {
    const loaded = await load({})
    assert.deepEqual(feedAddress(loaded), { kind: 'simulator' })
    const { source, simulated, tape, lake, catalog } = placesOf(loaded)
    assert.deepEqual({ source, simulated }, { source: 'simulator', simulated: true })
    const dir = '/nowhere/ticklake-data/simulator/tape'
    assert.deepEqual(tape, { kind: 'sqlite', dir, address: dir })
    const lakeDir = '/nowhere/ticklake-data/simulator/lake'
    assert.deepEqual(lake, { kind: 'file', dir: lakeDir })
    assert.deepEqual(catalog, { kind: 'sqlite', file: `${lakeDir}/catalog.db` })
  })

  test('with a key the feed is finnhub', async () => {
    const loaded = await load({ FINNHUB_TOKEN: 'k' })
    assert.deepEqual(feedAddress(loaded), { kind: 'finnhub' })
    assert.equal(placesOf(loaded).simulated, false)
  })

  test('simulated trades go to a lake on S3 only when they are asked for', async () => {
    const loaded = await load({ TICKLAKE_LAKE: 's3://bucket/x' })
    assert.throws(() => feedAddress(loaded), invalid(/lake is s3:\/\/bucket\/x/))
    assert.equal(placesOf(loaded).source, 'finnhub')
  })

  test('a lost key beside a named tape or lake is an error, never simulated trades', async () => {
    const loaded = await load({ TICKLAKE_LAKE: 'file:/srv/lake' })
    assert.throws(() => feedAddress(loaded), invalid(/FINNHUB_TOKEN is not set, and lake is/))
  })

  test('a tape on Kafka is named by its canonical address, in messages too', async () => {
    const env = { TICKLAKE_TAPE: 'kafka://al@broker/t', FINNHUB_TOKEN: 'k' }
    const places = placesOf(await load(env))
    assert.deepEqual(places.tape, {
      kind: 'kafka',
      brokers: [{ host: 'broker', port: 9092 }],
      topic: 't',
      user: 'al',
      address: 'kafka://al@broker:9092/t',
    })
    assert.equal(tapeText(places), 'kafka://al@broker:9092/t')
    assert.throws(() => sqliteDir(places), isBug)
    assert.equal(places.source, 'finnhub')
  })

  test('simulated trades go to a named tape only when they are asked for', async () => {
    for (const tape of ['kafka://broker', 'sqlite:/srv/tape']) {
      const loaded = await load({ TICKLAKE_TAPE: tape })
      assert.throws(() => feedAddress(loaded), invalid(/FINNHUB_TOKEN is not set, and tape is/))
      assert.equal(placesOf(loaded).simulated, false)
      const asked = await load({ TICKLAKE_TAPE: tape, TICKLAKE_FEED: 'simulator' })
      assert.deepEqual(feedAddress(asked), { kind: 'simulator' })
      assert.equal(placesOf(asked).source, 'simulator')
    }
  })

  test('no message repeats a password or a key of a wrong address', async () => {
    for (const env of [
      { TICKLAKE_TAPE: 'kafka://user:hidden@broker' },
      { TICKLAKE_TAPE: 'kafka://user:hidden' },
      { TICKLAKE_TAPE: 'kafak://user:hidden@broker' },
      { TICKLAKE_LAKE: 's3://user:hidden@bucket/x' },
      { TICKLAKE_FEED: 'https://ws.finnhub.io?token=hidden' },
    ]) {
      const loaded = await load(env)
      for (const ask of [feedAddress, placesOf])
        assert.throws(
          () => ask(loaded),
          (error) => invalid(/./)(error) && !inspect(error).includes('hidden'),
        )
    }
  })

  test('a lake on S3 has its catalog in Glue, unless another is named', async () => {
    const places = async (env: Record<string, string>) =>
      placesOf(await load({ TICKLAKE_LAKE: 's3://bucket/lakes/a/', ...env }))
    const lake = {
      kind: 's3',
      bucket: 'bucket',
      prefix: 'lakes/a',
      address: 's3://bucket/lakes/a',
    } as const
    const byDefault = await places({})
    assert.deepEqual(byDefault.lake, lake)
    assert.deepEqual(byDefault.catalog, { kind: 'glue', database: 'market' })
    assert.equal(lakeText(byDefault), 's3://bucket/lakes/a')
    assert.equal(catalogText(byDefault), 'glue:market')
    const named = await places({ TICKLAKE_CATALOG: 'glue:ticks_2' })
    assert.deepEqual(named.catalog, { kind: 'glue', database: 'ticks_2' })
    assert.equal(namespaceOf(named), 'ticks_2')
    const local = await places({ TICKLAKE_CATALOG: 'sqlite:c.db' })
    assert.deepEqual(local.catalog, { kind: 'sqlite', file: '/nowhere/c.db' })
    assert.equal(namespaceOf(local), 'market')
    assert.equal(catalogText(local), 'sqlite:/nowhere/c.db')
  })

  test('Glue names no lake on this disk, and only databases that Athena takes', async () => {
    for (const lake of [{}, { TICKLAKE_LAKE: 'file:/srv/lake' }]) {
      const loaded = await load({ ...lake, TICKLAKE_CATALOG: 'glue:market' })
      assert.throws(() => placesOf(loaded), invalid(/lies on this disk/))
    }
    for (const database of ['', 'Market', 'my-market', 'a.b', 'a'.repeat(256)]) {
      const env = { TICKLAKE_LAKE: 's3://bucket', TICKLAKE_CATALOG: `glue:${database}` }
      const loaded = await load(env)
      assert.throws(() => placesOf(loaded), invalid(/the Glue database/), database)
    }
  })

  test('what a setting takes is said where it is wrong', async () => {
    for (const [env, says] of [
      [{ TICKLAKE_LAKE: 'gs://bucket' }, /lake takes file:DIR or s3:/],
      [{ TICKLAKE_LAKE: '/srv/lake' }, /lake takes file:DIR or s3:/],
      [{ TICKLAKE_CATALOG: 'rest:http://x' }, /catalog takes sqlite:FILE or glue:DATABASE/],
      [{ TICKLAKE_TAPE: 's3://bucket' }, /tape takes sqlite:PATH or kafka:/],
    ] as const) {
      const loaded = await load({ ...env, TICKLAKE_FEED: 'finnhub' })
      assert.throws(() => placesOf(loaded), invalid(says))
    }
  })

  test('the source of another address is its host and port, safe as a file name', () => {
    const source = (url: string) => sourceOf({ kind: 'url', url })
    assert.equal(source('ws://127.0.0.1:8001'), '127.0.0.1-8001')
    assert.equal(source('wss://feed.example.com/path'), 'feed.example.com-443')
    assert.match(source('ws://[::1]:9'), /^[A-Za-z0-9][A-Za-z0-9._-]*$/)
  })

  test('a key inside the address is refused without repeating it', async () => {
    const loaded = await load({ TICKLAKE_FEED: 'wss://ws.finnhub.io?token=hidden' })
    assert.throws(
      () => feedAddress(loaded),
      (error) => invalid(/carries a key/)(error) && !String(error).includes('hidden'),
    )
  })
})
