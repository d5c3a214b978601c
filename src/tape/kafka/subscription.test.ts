import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { decodeAssignment, encodeAssignment, encodeSubscription, userOf } from './subscription.ts'

const topic = fc.stringMatching(/^[a-zA-Z0-9._-]{1,60}$/)
const partitions = fc.array(fc.nat({ max: 100_000 }), { maxLength: 100 })

test('a member reads back what it was assigned, and nothing of another topic', () => {
  fc.assert(
    fc.property(topic, topic, partitions, (name, other, mine) => {
      const assignment = encodeAssignment({ topic: name, partitions: mine })
      assert.deepEqual(decodeAssignment(assignment, name), mine)
      if (other !== name) assert.deepEqual(decodeAssignment(assignment, other), [])
    }),
  )
})

test('a member without an assignment gets empty bytes', () => {
  assert.deepEqual(decodeAssignment(new Uint8Array(0), 'trades'), [])
})

test('the one that assigns reads what each member said of itself', () => {
  fc.assert(
    fc.property(topic, fc.uint8Array({ maxLength: 50 }), (name, user) => {
      assert.deepEqual(new Uint8Array(userOf(encodeSubscription(name, user))), user)
    }),
  )
})

test('a subscription of another client, or cut anywhere, is a member that said nothing', () => {
  const whole = encodeSubscription('trades', new TextEncoder().encode('17'))
  for (let length = 0; length < whole.length; length++)
    assert.deepEqual([...userOf(whole.subarray(0, length))], [])
  fc.assert(fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => void userOf(bytes)))
})
