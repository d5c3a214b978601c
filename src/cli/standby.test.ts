import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Parts } from '../config/components.ts'
import { tellStandby } from './standby.ts'

/** Parts of a recorder on this machine; `onSleep` sees each wait. */
function partsOf(onSleep: (ms: number) => void) {
  const told: string[] = []
  const parts = {
    clock: { sleep: async (ms: number) => onSleep(ms) },
    log: (_: string, message: string) => void told.push(message),
    places: { tape: { kind: 'sqlite' } },
  }
  return { told, parts: parts as unknown as Parts }
}

test('a recorder that still waits for the lease after a second says so once', async () => {
  const { parts, told } = partsOf((ms) => assert.equal(ms, 1_000))
  await tellStandby(parts, new AbortController().signal)
  assert.deepEqual(told, ['another recorder has the lease of this tape: standing by'])
})

test('one that has it by then says nothing', async () => {
  const taken = new AbortController()
  const { parts, told } = partsOf(() => taken.abort())
  await tellStandby(parts, taken.signal)
  assert.deepEqual(told, [])
})
