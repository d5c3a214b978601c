import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Catalog, TableName } from '../../src/lake/catalog.ts'

export type OpenedCatalog = AsyncDisposable & {
  readonly catalog: Catalog
  /** The same names, through a connection of its own. */
  readonly another: () => Promise<Catalog>
}

const RECORDS: TableName = { namespace: 'market', name: 'records' }
const FEED_LOG: TableName = { namespace: 'market', name: 'feed_log' }

/** The contract of lake/catalog.ts; `open` gives an empty catalog each time. */
export function catalogSuite(name: string, open: () => Promise<OpenedCatalog>): void {
  const check = (what: string, run: (opened: OpenedCatalog) => Promise<void>) =>
    test(`${name}: ${what}`, async () => {
      await using opened = await open()
      await run(opened)
    })

  check('a name that was never given points at nothing', async ({ catalog }) => {
    assert.equal(await catalog.load(RECORDS), null)
  })

  check('a name is created once', async ({ catalog }) => {
    assert.equal(await catalog.swap(RECORDS, null, 'a'), 'swapped')
    assert.equal(await catalog.swap(RECORDS, null, 'b'), 'lost')
    assert.equal((await catalog.load(RECORDS))?.location, 'a')
  })

  check('a swap moves the name from where it was, and only from there', async ({ catalog }) => {
    await catalog.swap(RECORDS, null, 'a')
    const at = await catalog.load(RECORDS)
    assert.equal(await catalog.swap(RECORDS, at, 'b'), 'swapped')
    assert.equal(await catalog.swap(RECORDS, at, 'c'), 'lost')
    assert.equal((await catalog.load(RECORDS))?.location, 'b')
  })

  check('a name that is not there cannot be moved', async ({ catalog }) => {
    assert.equal(await catalog.swap(RECORDS, { location: 'a', token: null }, 'b'), 'lost')
    assert.equal(await catalog.load(RECORDS), null)
  })

  check('a pointer made from the last swap moves the name on', async ({ catalog }) => {
    await catalog.swap(RECORDS, null, 'a')
    assert.equal(await catalog.swap(RECORDS, { location: 'a', token: null }, 'b'), 'swapped')
  })

  check('names do not touch each other', async ({ catalog }) => {
    await catalog.swap(RECORDS, null, 'a')
    await catalog.swap(FEED_LOG, null, 'b')
    assert.equal((await catalog.load(RECORDS))?.location, 'a')
    assert.equal((await catalog.load(FEED_LOG))?.location, 'b')
  })

  check('of many swaps from one place exactly one wins', async ({ catalog, another }) => {
    await catalog.swap(RECORDS, null, 'a')
    const others = await Promise.all(Array.from({ length: 4 }, another))
    const from = { location: 'a', token: null }
    const outcomes = await Promise.all(others.map((one, i) => one.swap(RECORDS, from, `b${i}`)))
    assert.equal(outcomes.filter((outcome) => outcome === 'swapped').length, 1)
    const winner = outcomes.indexOf('swapped')
    assert.equal((await catalog.load(RECORDS))?.location, `b${winner}`)
    for (const one of others) await one[Symbol.asyncDispose]()
  })
}
