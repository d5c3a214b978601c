import assert from 'node:assert/strict'
import { test } from 'node:test'
import { landsElsewhere, recordsElsewhere } from './elsewhere.ts'
import { followEvent, noConnection } from './session.ts'

const AT = 1_763_997_374_633

test('a recorder that said alive a moment ago works, one that has been silent does not', () => {
  const connection = noConnection()
  assert.equal(recordsElsewhere(connection, AT), false)
  followEvent(connection, {
    kind: 'alive',
    at: AT,
    recorder: 'r',
    epoch: 1,
    source: 'finnhub',
    symbols: null,
    from: null,
    to: AT,
    cause: null,
    bytes: null,
  })
  assert.equal(recordsElsewhere(connection, AT + 6_000), true)
  assert.equal(recordsElsewhere(connection, AT + 60_000), false)
})

test('a lake that keeps up has a lander somewhere', () => {
  assert.equal(landsElsewhere({ lagSeconds: 8 }), true)
  assert.equal(landsElsewhere({ lagSeconds: 300 }), false)
  assert.equal(landsElsewhere({ lagSeconds: null }), false)
})
