import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { test } from 'node:test'
import { isRunning, STATUS_STALE_MS, type PartStatus } from './status.ts'

const status = (pid: number, at: number): PartStatus => ({
  part: 'record',
  pid,
  version: '0.0.0',
  started: 0,
  at,
  state: 'recording',
  samples: [],
})

test('a part that was killed is missed within seconds, though its last status looks well', async (t) => {
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'])
  t.after(() => child.kill('SIGKILL'))
  const pid = child.pid ?? 0
  const nowMs = 10_000 + STATUS_STALE_MS - 1
  assert.equal(isRunning(status(pid, 10_000), nowMs), true)
  child.kill('SIGKILL')
  await once(child, 'exit')
  assert.equal(isRunning(status(pid, 10_000), nowMs), false)
})

test('a part that says nothing any more does not run, though its process is there', () => {
  assert.equal(isRunning(status(process.pid, 10_000), 10_000 + STATUS_STALE_MS), false)
})
