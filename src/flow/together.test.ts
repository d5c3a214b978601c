import assert from 'node:assert/strict'
import { test } from 'node:test'
import { together } from './together.ts'

test('all acts are waited for, and none is told to end when none fails', async () => {
  const failed = new AbortController()
  const done: string[] = []
  await together([async () => void done.push('a'), async () => void done.push('b')], failed)
  assert.deepEqual([done, failed.signal.aborted], [['a', 'b'], false])
})

test('one that fails ends the others, and its failure is thrown after they have ended', async () => {
  const failed = new AbortController()
  let ended = false
  const patient = async () => {
    await new Promise((resolve) => failed.signal.addEventListener('abort', resolve))
    ended = true
  }
  const broken = () => Promise.reject(new Error('the disk is gone'))
  await assert.rejects(together([patient, broken], failed), /the disk is gone/)
  assert.equal(ended, true)
})
