import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isFault } from '../flow/fault.ts'
import { createTurns, inTurns } from './turns.ts'

const here = () => new AbortController().signal
const options = { runningMax: 1, waitingMax: 2, waitMsMax: 60_000, what: 'statements' }

test('who waits comes in when a turn ends, the first first', async () => {
  const turns = createTurns(options)
  const first = await turns.take(here())
  const order: string[] = []
  const waiting = ['b', 'c'].map(async (name) => {
    const turn = await turns.take(here())
    order.push(name)
    turn.end()
  })
  first.end()
  first.end() // a second time frees nothing
  await Promise.all(waiting)
  assert.deepEqual(order, ['b', 'c'])
  assert.equal(first.signal.aborted, true)
})

test('more than may wait are told to come again', async () => {
  const turns = createTurns(options)
  const gone = new AbortController()
  const first = await turns.take(here())
  const waiting = [1, 2].map(() => turns.take(gone.signal))
  const busy = (error: unknown) => isFault(error, 'unavailable') && error.remedy !== ''
  await assert.rejects(turns.take(here()), busy)
  gone.abort()
  for (const left of waiting) await assert.rejects(left, (error) => isFault(error, 'closed'))
  const next = turns.take(here()) // those that left wait no more
  first.end()
  const turn = await next
  turn.end()
})

test('who waits too long is told to come again', async () => {
  const turns = createTurns({ ...options, waitMsMax: 1 })
  await turns.take(here())
  await assert.rejects(
    turns.take(here()),
    (error) => isFault(error, 'unavailable') && /1 statements are running/.test(error.message),
  )
})

test('a turn’s signal aborts when whoever asked goes away', async () => {
  const gone = new AbortController()
  const { signal } = await createTurns(options).take(gone.signal)
  assert.equal(signal.aborted, false)
  gone.abort()
  assert.equal(signal.aborted, true)
})

test('a statement holds its turn until its answer is read or given back', async () => {
  const turns = createTurns({ runningMax: 1, waitingMax: 1, waitMsMax: 1000, what: 'statements' })
  const asOf = { covers: 'lake', receivedMs: null, degraded: false } as const
  async function* batches() {
    yield [[1]]
  }
  const query = inTurns(
    {
      covers: 'lake',
      run: async () => ({ asOf, columns: [], batches: batches(), truncated: () => false }),
      [Symbol.asyncDispose]: async () => undefined,
    },
    turns,
  )
  const ask = () => query.run('', { rowsMax: null, millisMax: null }, here())
  const first = await ask()
  const second = ask()
  const third = ask()
  await assert.rejects(third, (error) => isFault(error, 'unavailable'))
  assert.equal((await Array.fromAsync(first.batches)).length, 1)
  await (await second).batches[Symbol.asyncIterator]().return?.()
  await Array.fromAsync((await ask()).batches)
})
