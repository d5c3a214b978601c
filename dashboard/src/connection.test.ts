import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { keepConnected, retryMs, type Connected, type Ear } from './connection.ts'

/** A connection over wires that the test opens, speaks on and closes. */
function begin(t: TestContext) {
  t.mock.timers.enable({ apis: ['setTimeout', 'setInterval', 'Date'], now: 1_000_000 })
  const wires: { ear: Ear; sent: string[]; closed: boolean }[] = []
  const states: (Connected & { again: boolean })[] = []
  const messages: string[] = []
  const connection = keepConnected({
    dial: (ear) => {
      const wire = { ear, sent: [] as string[], closed: false }
      wires.push(wire)
      return { send: (text) => wire.sent.push(text), close: () => void (wire.closed = true) }
    },
    changed: (connected, again) => states.push({ ...connected, again }),
    message: (text) => messages.push(text),
    chance: () => 1,
  })
  t.after(() => connection.end())
  const last = () => {
    const wire = wires.at(-1)
    assert.ok(wire)
    return wire
  }
  return { connection, wires, states, messages, last, pass: (ms: number) => t.mock.timers.tick(ms) }
}

test('waits double with each failure, up to five seconds, with jitter', () => {
  assert.deepEqual(
    [0, 1, 2, 3, 4, 5, 60].map((failures) => retryMs(failures, 1)),
    [250, 500, 1000, 2000, 4000, 5000, 5000],
  )
  assert.equal(retryMs(0, 0), 125)
  assert.equal(retryMs(60, 0), 2500)
})

test('connects again after a loss, and says again the last of each kind', (t) => {
  const { connection, wires, states, last, pass } = begin(t)
  connection.say('bars', 'bars AAPL')
  last().ear.opened()
  connection.say('bars', 'bars MSFT')
  connection.say('list', 'list 1')
  assert.deepEqual(last().sent, ['bars AAPL', 'bars MSFT', 'list 1'])
  pass(100)
  last().ear.message('x')
  pass(100)
  last().ear.closed()
  assert.deepEqual(states.at(-1), { state: 'lost', since: 1_000_100, again: false })
  pass(249)
  assert.equal(wires.length, 1)
  pass(1)
  assert.equal(wires.length, 2)
  last().ear.opened()
  assert.deepEqual(last().sent, ['bars MSFT', 'list 1'])
  assert.equal(states.at(-1)?.state, 'lost')
  last().ear.message('y')
  assert.deepEqual(
    states.map(({ state, again }) => [state, again]),
    [
      ['open', false],
      ['lost', false],
      ['open', true],
    ],
  )
})

test('takes three seconds without a word for a loss, and hears the given-up wire no more', (t) => {
  const { states, wires, messages, last, pass } = begin(t)
  last().ear.opened()
  assert.equal(states.length, 0)
  for (let i = 0; i < 10; i++) {
    pass(1000)
    last().ear.message(`m${i}`)
  }
  assert.equal(states.length, 1)
  const [silent] = wires
  assert.ok(silent)
  pass(3500)
  assert.deepEqual(states.at(-1), { state: 'lost', since: 1_010_000, again: false })
  assert.equal(silent.closed, true)
  const count = states.length
  silent.ear.message('late')
  silent.ear.closed()
  assert.equal(messages.length, 10)
  assert.equal(states.length, count)
})

test('gives up an attempt that leads nowhere, and waits longer before each next one', (t) => {
  const { wires, pass } = begin(t)
  pass(5500)
  assert.equal(wires[0]?.closed, true)
  pass(250)
  assert.equal(wires.length, 2)
  wires[1]?.ear.closed()
  pass(499)
  assert.equal(wires.length, 2)
  pass(1)
  assert.equal(wires.length, 3)
})

test('a server that opens and says nothing is still lost, and does not shorten the waits', (t) => {
  const { wires, states, pass } = begin(t)
  for (const wait of [250, 500, 1000]) {
    wires.at(-1)?.ear.opened()
    wires.at(-1)?.ear.closed()
    assert.deepEqual(states.at(-1), { state: 'lost', since: 1_000_000, again: false })
    const before = wires.length
    pass(wait - 1)
    assert.equal(wires.length, before)
    pass(1)
    assert.equal(wires.length, before + 1)
  }
})

test('hurries when told to, but only while it waits', (t) => {
  const { connection, wires, last } = begin(t)
  connection.hurry()
  assert.equal(wires.length, 1)
  last().ear.closed()
  connection.hurry()
  connection.hurry()
  assert.equal(wires.length, 2)
})

test('ends for good', (t) => {
  const { connection, wires, states, last, pass } = begin(t)
  last().ear.opened()
  last().ear.message('x')
  connection.end()
  assert.equal(last().closed, true)
  last().ear.closed()
  connection.hurry()
  pass(60_000)
  assert.equal(wires.length, 1)
  assert.equal(states.length, 1)
})
