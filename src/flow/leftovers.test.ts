import assert from 'node:assert/strict'
import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { ownPrefix, removeLeftovers } from './leftovers.ts'

test('what processes that are gone left is removed, and nothing else', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'ticklake-left-'))
  try {
    const own = `${ownPrefix('export')}a`
    const gone = own.replace(`-${process.pid}-`, '-99999999-') // more than any kernel numbers
    const others = ['export', 'export-elsewhere-99999999-a', gone.replace('export', 'other'), own]
    for (const name of [...others, gone])
      await mkdir(join(folder, name, 'within'), { recursive: true })
    await removeLeftovers(folder, 'export')
    assert.deepEqual(await readdir(folder), others.toSorted())
    await removeLeftovers(join(folder, 'not there'), 'export')
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
})
