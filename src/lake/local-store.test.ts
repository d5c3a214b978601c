import assert from 'node:assert/strict'
import { mkdir, mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { exists, storeSuite } from '../../test/conformance/store.ts'
import { systemClock } from '../flow/clock.ts'
import { isFault } from '../flow/fault.ts'
import { systemRandom } from '../flow/random.ts'
import { openLocalStore } from './local-store.ts'

async function folder() {
  const dir = await mkdtemp(join(tmpdir(), 'ticklake-lake-'))
  return {
    dir,
    open: (mode: 'write' | 'read' = 'write', at = dir) =>
      openLocalStore({ dir: at, mode, clock: systemClock, random: systemRandom }),
    [Symbol.asyncDispose]: () => rm(dir, { recursive: true }),
  }
}

storeSuite('local store', async () => {
  const { open, ...rest } = await folder()
  return { store: await open(), ...rest }
})

test('a local file on the same filesystem is moved', async () => {
  await using lake = await folder()
  const store = await lake.open()
  const path = join(store.stagingDir, 'x.parquet')
  await writeFile(path, 'columns')
  await store.create('market/x.parquet', { path, size: 7 })
  assert.equal(await exists(path), false)
})

test('a local file that could not be stored stays where it is, and nothing is left behind', async () => {
  await using lake = await folder()
  const store = await lake.open()
  const path = join(store.stagingDir, 'x.parquet')
  await writeFile(path, 'columns')
  await writeFile(join(lake.dir, 'market'), 'a file where a folder should be')
  await assert.rejects(store.create('market/x.parquet', { path, size: 7 }), (error) =>
    isFault(error, 'invalid'),
  )
  await assert.rejects(store.create('market/y', Uint8Array.of(1)), (error) =>
    isFault(error, 'invalid'),
  )
  assert.deepEqual(await readdir(store.stagingDir), ['x.parquet'])
})

test('nothing is left behind in the staging folder, whoever won', async () => {
  await using lake = await folder()
  const store = await lake.open()
  await Promise.all(Array.from({ length: 8 }, () => store.create('k', Uint8Array.of(1))))
  assert.deepEqual(await readdir(store.stagingDir), [])
})

test('staged files of a process that died are removed a day later, not earlier', async () => {
  await using lake = await folder()
  const { stagingDir } = await lake.open()
  await writeFile(join(stagingDir, 'old'), 'x')
  await writeFile(join(stagingDir, 'new'), 'x')
  const longAgo = Date.now() / 1_000 - 2 * 86_400
  await utimes(join(stagingDir, 'old'), longAgo, longAgo)
  await lake.open()
  assert.deepEqual(await readdir(stagingDir), ['new'])
})

test('a file: URL below the lake is its key, as other engines write it', async () => {
  await using lake = await folder()
  const store = await lake.open()
  assert.equal(store.keyOf(`file://${lake.dir}/market/x`), 'market/x')
  assert.equal(store.keyOf(`file:${lake.dir}/market/x`), 'market/x')
  assert.equal(store.keyOf(`${lake.dir}/../x`), null)
  assert.equal(store.keyOf('file://%zz'), null)
})

test('a folder with other things in it is no lake', async () => {
  await using lake = await folder()
  await writeFile(join(lake.dir, 'holiday.jpg'), 'x')
  await assert.rejects(
    lake.open(),
    (error) => isFault(error, 'invalid') && /holiday/.test(error.message),
  )
})

test('a folder with a lake in it opens again, also where other things joined it', async () => {
  await using lake = await folder()
  await mkdir(join(lake.dir, 'market'))
  await writeFile(join(lake.dir, 'notes.txt'), 'x')
  await lake.open()
})

test('a file is no lake', async () => {
  await using lake = await folder()
  const file = join(lake.dir, 'file')
  await writeFile(file, 'x')
  await assert.rejects(lake.open('write', file), (error) => isFault(error, 'invalid'))
  await assert.rejects(lake.open('write', join(file, 'below')), (error) =>
    isFault(error, 'invalid'),
  )
})

test('opening for reading makes nothing', async () => {
  await using lake = await folder()
  await lake.open('read', join(lake.dir, 'none'))
  assert.equal(await exists(join(lake.dir, 'none')), false)
})
