import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { withoutChromium } from './browser.ts'
import { load, told } from './load.ts'

const LIMITS = { skip: withoutChromium(), timeout: 300_000 }
/** Shorter and slower than `npm run page:load`, for machines that do other things too. */
const SHORT = { seconds: 15, rate: 5_000, clients: 18 }
/** What a process may grow by while nothing piles up: caches, garbage that waits. */
const GROWTH_BYTES_MAX = 150_000_000

describe('twenty pages at once', LIMITS, () => {
  it('of which one sleeps: memory stays, the others get every batch, and the sleeper goes on', async (t) => {
    const report = await load({ ...SHORT, say: (line) => t.diagnostic(line) })
    for (const line of told(report).split('\n')) t.diagnostic(line)
    const { memory } = report
    const half = memory.slice(Math.floor(memory.length / 2))
    assert.ok(Math.max(...half) - (memory[0] ?? 0) < GROWTH_BYTES_MAX, memory.join(', '))
    assert.equal(report.closed, 0)
    assert.ok(report.messagesPerSecond.least > 1)
    assert.deepEqual(report.watched.wrong, [])
    assert.ok(report.watched.frames > 0)
    assert.ok(report.woke)
  })
})
