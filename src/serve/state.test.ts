import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { stateOf, type Signs } from './state.ts'

const well: Signs = {
  nowMs: 1_000_000,
  source: 'finnhub',
  simulated: false,
  recorder: true,
  lander: true,
  stopped: null,
  connected: true,
  closedCause: null,
  lastTradeMs: 999_000,
  silenceMs: 60_000,
  marketOpen: true,
  lagSeconds: 5,
}
const name = (signs: Partial<Signs>) => stateOf({ ...well, ...signs }).name

describe('stateOf', () => {
  test('trades that come and land are Live, made-up ones are Simulated', () => {
    assert.equal(name({}), 'Live')
    assert.equal(name({ simulated: true }), 'Simulated')
  })
  test('silence is Stale while a market is open and healthy when it is closed', () => {
    assert.equal(name({ lastTradeMs: 1000 }), 'Stale')
    assert.equal(name({ lastTradeMs: 1000, marketOpen: false }), 'Market closed')
    assert.equal(name({ lastTradeMs: null }), 'Stale')
    assert.equal(name({ lastTradeMs: 996_500 }), 'Live')
    assert.equal(name({ lastTradeMs: 996_500, silenceMs: 3_000 }), 'Stale')
  })
  test('a lost connection outweighs all else and names its cause', () => {
    const state = stateOf({ ...well, connected: false, closedCause: 'watchdog', lander: false })
    assert.equal(state.name, 'Disconnected')
    assert.match(state.sentence, /watchdog/)
  })
  test('no lander, or a lake far behind, is Degraded', () => {
    assert.equal(name({ lander: false }), 'Degraded')
    assert.equal(name({ lagSeconds: 1000 }), 'Degraded')
  })
  test('landing that waits for a person is said with what to do, whatever else is wrong', () => {
    const stopped = { message: 'the tape is damaged', remedy: 'Restore it.' }
    const said = 'Landing has stopped: the tape is damaged. Restore it.'
    assert.deepEqual(stateOf({ ...well, stopped }), { name: 'Degraded', sentence: said })
    const state = stateOf({ ...well, stopped, recorder: false })
    assert.equal(state.name, 'Disconnected')
    assert.ok(state.sentence.startsWith(said) && state.sentence.includes('No recorder'))
  })
  test('made-up trades are called so in every state', () => {
    const stopped = { message: 'm', remedy: 'R.' }
    const states = [{}, { recorder: false }, { connected: false }, { lander: false }, { stopped }]
    for (const signs of states) {
      const { sentence } = stateOf({ ...well, simulated: true, ...signs })
      assert.equal(sentence.split('simulated trades, not a market').length, 2, sentence)
    }
  })
})
