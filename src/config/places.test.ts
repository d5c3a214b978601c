import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { inspect } from 'node:util'
import { Fault, isFault } from '../flow/fault.ts'
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
    assert.equal(lake.dir, '/nowhere/ticklake-data/simulator/lake')
    assert.equal(catalog.file, '/nowhere/ticklake-data/simulator/lake/catalog.db')
  })

  test('with a key the feed is finnhub', async () => {
    const loaded = await load({ FINNHUB_TOKEN: 'k' })
    assert.deepEqual(feedAddress(loaded), { kind: 'finnhub' })
    assert.equal(placesOf(loaded).simulated, false)
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

  test('cluster addresses are refused by name, never taken for a folder', async () => {
    for (const [name, value] of [
      ['TICKLAKE_LAKE', 's3://bucket/x'],
      ['TICKLAKE_CATALOG', 'glue:market'],
    ] as const) {
      const loaded = await load({ [name]: value, TICKLAKE_FEED: 'finnhub' })
      assert.throws(() => placesOf(loaded), invalid(/not in this version/))
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
