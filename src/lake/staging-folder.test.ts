import assert from 'node:assert/strict'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { test } from 'node:test'
import { stagingFolder } from './staging-folder.ts'

test('landers side by side have folders of their own, and those of dead ones go', async () => {
  const parent = await mkdtemp(join(tmpdir(), 'ticklake-staging-'))
  try {
    const first = await stagingFolder(parent)
    const second = await stagingFolder(parent)
    assert.notEqual(first, second)
    assert.deepEqual((await readdir(parent)).length, 2)
    const third = await stagingFolder(parent, () => false)
    assert.deepEqual(await readdir(parent), [basename(third)])
  } finally {
    await rm(parent, { recursive: true, force: true })
  }
})
