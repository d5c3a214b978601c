import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Fault } from '../flow/fault.ts'
import { loadSettings } from './load.ts'
import { feedAddress, placesOf, sourceOf } from './places.ts'

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

describe('places', () => {
  test('without a key the feed is simulated, in a folder of its own', async () => {
    const loaded = await load({})
    assert.deepEqual(feedAddress(loaded), { kind: 'simulator' })
    const { source, simulated, tape, lake, catalog } = placesOf(loaded)
    assert.deepEqual({ source, simulated }, { source: 'simulator', simulated: true })
    assert.equal(tape.dir, '/nowhere/ticklake-data/simulator/tape')
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

  test('cluster addresses are refused by name, never taken for a folder', async () => {
    for (const [name, value] of [
      ['TICKLAKE_TAPE', 'kafka://h:9092/t'],
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
