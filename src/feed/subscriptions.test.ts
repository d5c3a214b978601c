import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { createSubscriptions } from './subscriptions.ts'
import { changeableWatchlist, fixedWatchlist } from './watchlist.ts'

test('whatever is wanted one after the other, what is asked for is its first part up to the cap', () => {
  const lists = fc.array(fc.array(fc.constantFrom('A', 'B', 'C', 'D', 'E', '')))
  fc.assert(
    fc.property(lists, fc.integer({ min: 1, max: 4 }), (wishes, cap) => {
      const subscriptions = createSubscriptions(cap)
      const asked = new Set<string>()
      for (const wanted of wishes) {
        const { add, remove } = subscriptions.plan(wanted)
        for (const symbol of remove) assert.ok(asked.delete(symbol))
        for (const symbol of add) assert.ok(!asked.has(symbol) && asked.add(symbol))
        const first = [...new Set(wanted)].filter((symbol) => symbol !== '').slice(0, cap)
        assert.deepEqual([...asked].sort(), first.sort())
        assert.equal(subscriptions.count, asked.size)
      }
    }),
  )
})

test('a symbol that is left out is told once, and again after it had been wanted no more', () => {
  const subscriptions = createSubscriptions(1)
  assert.deepEqual(subscriptions.plan(['A', 'B']).over, ['B'])
  assert.deepEqual(subscriptions.plan(['A', 'B']).over, [])
  assert.deepEqual(subscriptions.plan(['A']).over, [])
  assert.deepEqual(subscriptions.plan(['A', 'B']).over, ['B'])
})

test('after the feed took one too many, no more than it holds is asked for', () => {
  const subscriptions = createSubscriptions(50)
  subscriptions.plan(['A', 'B', 'C'])
  assert.equal(subscriptions.refuseLast(), 'C')
  assert.deepEqual(subscriptions.plan(['A', 'B', 'C', 'D']), { add: [], remove: [], over: ['D'] })
  assert.deepEqual(subscriptions.plan(['B', 'C']), { add: ['C'], remove: ['A'], over: [] })
})

test('an invalid symbol is not asked for again', () => {
  const subscriptions = createSubscriptions(50)
  subscriptions.plan(['A', 'B'])
  assert.equal(subscriptions.refuse('B'), true)
  assert.equal(subscriptions.refuse('never asked'), false)
  assert.deepEqual(subscriptions.plan(['A', 'B']).add, [])
})

test('a watcher sees the newest list, also when it changed while it was busy', async () => {
  const list = changeableWatchlist(['A'])
  const stop = new AbortController()
  const seen: string[] = []
  const watching = (async () => {
    for await (const symbols of list.changes(stop.signal)) {
      seen.push(symbols.join())
      if (seen.length === 1) {
        list.set(['C'])
        list.set(['D'])
        await Promise.resolve()
      } else stop.abort()
    }
  })()
  await Promise.resolve()
  list.set(['A']) // no change
  list.set(['B'])
  await watching
  assert.deepEqual(seen, ['B', 'D'])
  assert.deepEqual(list.current(), ['D'])
})

test('a fixed list never changes and its watcher ends with the signal', async () => {
  const stop = new AbortController()
  const changes = fixedWatchlist(['A']).changes(stop.signal)[Symbol.asyncIterator]()
  const next = changes.next()
  stop.abort()
  assert.equal((await next).done, true)
})
