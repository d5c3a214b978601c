import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Fault, isFault } from '../flow/fault.ts'
import type { Answer, Query } from '../query/query.ts'
import { renewable } from './renewable.ts'

const never = new AbortController().signal
const NONE = { rowsMax: null, millisMax: null }

/** Queries that know whether they were closed, and refuse to run then. */
function world(fault: Fault | null = null) {
  const opened: { closed: boolean }[] = []
  let running = 0
  const open = async (): Promise<Query> => {
    const state = { closed: false }
    opened.push(state)
    await Promise.resolve()
    async function* batches(): Answer['batches'] {
      assert.ok(!state.closed, 'read after it was closed')
      yield [[1]]
      assert.ok(!state.closed, 'read after it was closed')
      yield [[2]]
    }
    return {
      covers: 'lake',
      run: async () => {
        assert.ok(!state.closed, 'run after it was closed')
        if (fault !== null) throw fault
        const asOf = { covers: 'lake', receivedMs: null, degraded: false } as const
        return { asOf, columns: [], batches: batches(), truncated: () => false }
      },
      [Symbol.asyncDispose]: async () => void (state.closed = true),
    }
  }
  const began = () => {
    running += 1
    return () => void (running -= 1)
  }
  return { opened, running: () => running, shared: renewable(open, began) }
}

const read = async (query: Query): Promise<number> => {
  const { batches } = await query.run('', NONE, never)
  return (await Array.fromAsync(batches)).length
}

describe('a query that several ask', () => {
  test('is opened once, and by whoever holds it after it was renewed anew', async () => {
    const { opened, shared, running } = world()
    const [one, other] = await Promise.all([shared.get(), shared.get()])
    assert.equal(opened.length, 1)
    shared.renew()
    assert.deepEqual([await read(one), await read(other)], [2, 2])
    assert.equal(opened.length, 2)
    assert.equal(running(), 0)
    await shared.close()
    assert.ok(opened.every(({ closed }) => closed))
  })

  test('is closed only when its answers are read, or given back unread', async () => {
    const { opened, shared, running } = world()
    const query = await shared.get()
    const answer = await query.run('', NONE, never)
    const unread = await query.run('', NONE, never)
    shared.renew()
    assert.equal(opened[0]?.closed, false)
    assert.equal(running(), 2)
    assert.equal((await Array.fromAsync(answer.batches)).length, 2)
    await unread.batches[Symbol.asyncIterator]().return?.()
    await shared.close()
    assert.equal(opened[0]?.closed, true)
    assert.equal(running(), 0)
  })

  test('is opened anew after damage, and when it could not be opened', async () => {
    const { opened, shared } = world(new Fault('corrupt', 'damaged', { remedy: 'Mend it.' }))
    const query = await shared.get()
    await assert.rejects(read(query), (error) => isFault(error, 'corrupt'))
    await assert.rejects(read(query), (error) => isFault(error, 'corrupt'))
    assert.equal(opened.length, 2)
    let tries = 0
    const failing = renewable(
      () => {
        tries += 1
        return Promise.reject(new Fault('unavailable', 'not yet', { remedy: 'Wait.' }))
      },
      () => () => undefined,
    )
    for (let n = 0; n < 2; n++) await assert.rejects(failing.get(), /not yet/)
    assert.equal(tries, 2)
    await failing.close()
  })
})
