import assert from 'node:assert/strict'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { putFolder, type Files } from './folder.ts'

const filesOf = (mark: string): Files =>
  new Map(['a.js', 'b.css', `only-${mark}.js`].map((name) => [name, Buffer.from(mark)]))

test('replaces the files of a folder, and leaves nothing beside it', async (t) => {
  const parent = await mkdtemp(join(tmpdir(), 'ticklake-folder-'))
  t.after(() => rm(parent, { recursive: true }))
  const target = join(parent, 'page')
  await putFolder(target, filesOf('one'))
  await putFolder(target, filesOf('two'))
  assert.deepEqual((await readdir(target)).toSorted(), ['a.js', 'b.css', 'only-two.js'])
  assert.equal(await readFile(join(target, 'a.js'), 'utf8'), 'two')
  assert.deepEqual(await readdir(parent), ['page'])
})

test('several at once leave the whole of one of them', async (t) => {
  const parent = await mkdtemp(join(tmpdir(), 'ticklake-folder-'))
  t.after(() => rm(parent, { recursive: true }))
  const target = join(parent, 'page')
  for (let round = 0; round < 10; round++) {
    const marks = ['x', 'y', 'z'].map((mark) => `${mark}${round}`)
    await Promise.all(marks.map((mark) => putFolder(target, filesOf(mark))))
    const mark = await readFile(join(target, 'a.js'), 'utf8')
    assert.ok(marks.includes(mark))
    assert.deepEqual((await readdir(target)).toSorted(), [...filesOf(mark).keys()].toSorted())
    assert.deepEqual(await readdir(parent), ['page'])
  }
})
