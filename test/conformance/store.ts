import assert from 'node:assert/strict'
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { isFault } from '../../src/flow/fault.ts'
import type { Store } from '../../src/lake/store.ts'

export type OpenedStore = AsyncDisposable & { readonly store: Store }

const bytes = (text: string) => new TextEncoder().encode(text)
const text = (from: Uint8Array) => new TextDecoder().decode(from)

/** The contract of lake/store.ts; `open` gives an empty store each time. */
export function storeSuite(name: string, open: () => Promise<OpenedStore>): void {
  const check = (what: string, run: (store: Store) => Promise<void>) =>
    test(`${name}: ${what}`, async () => {
      await using opened = await open()
      await run(opened.store)
    })

  check('what was created is read back, whole and by range', async (store) => {
    assert.equal(await store.create('a/b/c.txt', bytes('hello')), 'created')
    assert.equal(text(await store.read('a/b/c.txt')), 'hello')
    assert.equal(text(await store.read('a/b/c.txt', { first: 1, next: 3 })), 'el')
  })

  check('a range past the end gives what is there', async (store) => {
    await store.create('k', bytes('hello'))
    assert.equal(text(await store.read('k', { first: 3, next: 100 })), 'lo')
  })

  check('nothing is ever overwritten', async (store) => {
    await store.create('k', bytes('first'))
    assert.equal(await store.create('k', bytes('second')), 'exists')
    assert.equal(text(await store.read('k')), 'first')
  })

  check('of many creators of one key exactly one wins, and its content is there', async (store) => {
    const all = Array.from({ length: 16 }, (_, i) => store.create('k', bytes(`body ${i}`)))
    const outcomes = await Promise.all(all)
    const winners = outcomes.flatMap((outcome, i) => (outcome === 'created' ? [i] : []))
    assert.equal(winners.length, 1)
    assert.equal(text(await store.read('k')), `body ${winners[0]}`)
  })

  check('a local file is stored', async (store) => {
    const dir = await mkdtemp(join(tmpdir(), 'ticklake-store-'))
    try {
      const path = join(dir, 'x.parquet')
      await writeFile(path, 'columns')
      assert.equal(await store.create('data/x.parquet', { path, size: 7 }), 'created')
      assert.equal(text(await store.read('data/x.parquet')), 'columns')
      await writeFile(path, 'others')
      assert.equal(await store.create('data/x.parquet', { path, size: 6 }), 'exists')
      assert.equal(text(await store.read('data/x.parquet')), 'columns')
    } finally {
      await rm(dir, { recursive: true })
    }
  })

  check('a key that is not there is a clear fault', async (store) => {
    await assert.rejects(store.read('no/such'), (error) => isFault(error, 'invalid'))
  })

  check('a key cannot leave the root', async (store) => {
    for (const key of ['../x', 'a/../../x', '/x', 'a//b', '.', '', 'a\\..\\b', 'a\0b'])
      await assert.rejects(
        async () => store.create(key, bytes('x')),
        (error) => isFault(error, 'invalid'),
      )
  })

  check('keys below a prefix are listed, each once, with their sizes', async (store) => {
    await store.create('t/metadata/1.json', bytes('1'))
    await store.create('t/metadata/2.json', bytes('22'))
    await store.create('t/data/3.parquet', bytes('333'))
    const found = await Array.fromAsync(store.list('t/metadata/'))
    assert.deepEqual(found.map(({ key, size }) => `${key} ${size}`).toSorted(), [
      't/metadata/1.json 1',
      't/metadata/2.json 2',
    ])
    assert.equal((await Array.fromAsync(store.list(''))).length, 3)
    assert.deepEqual(await Array.fromAsync(store.list('nothing/')), [])
  })

  check('what was removed is gone; removing it again is no error', async (store) => {
    await store.create('k', bytes('x'))
    await store.remove(['k', 'never/there'])
    await store.remove(['k'])
    await assert.rejects(store.read('k'), (error) => isFault(error, 'invalid'))
  })

  check('locations and keys translate into each other', async (store) => {
    const location = store.location('t/data/x.parquet')
    assert.equal(store.keyOf(location), 't/data/x.parquet')
    assert.equal(store.keyOf(`${store.location('')}-else/x`), null)
    assert.equal(store.keyOf('s3://elsewhere/x'), null)
  })
}

export const exists = async (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  )
