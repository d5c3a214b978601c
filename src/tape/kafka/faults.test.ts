import assert from 'node:assert/strict'
import { test } from 'node:test'
import { AuthenticationError, NetworkError } from '@platformatic/kafka'
import { kafkaFault } from './faults.ts'

/** As the library reports what went wrong while it connected. */
const connecting = (cause: Error) =>
  new NetworkError('Connection to broker:9092 failed.', { cause })

test('a connection that is lost during a login may pass; a login that is refused does not', () => {
  const lost = new AuthenticationError('Cannot find a suitable SASL mechanism.', {
    cause: new NetworkError('Connection closed'),
  })
  assert.equal(kafkaFault(connecting(lost), 'reach the broker').kind, 'unavailable')
  const refused = new AuthenticationError('SASL authentication failed.', {
    cause: Object.assign(new Error('refused'), { apiCode: 58 }),
  })
  const { kind, message } = kafkaFault(connecting(refused), 'reach the broker')
  assert.equal(kind, 'invalid')
  assert.match(message, /^cannot reach the broker: the broker refused the user or the password/)
})

test('a right that is missing is named', () => {
  const refused = Object.assign(new Error('refused'), { apiCode: 29 })
  const { kind, remedy } = kafkaFault(refused, 'read topic t', 'READ on topic t')
  assert.deepEqual([kind, remedy.includes('Give this user READ on topic t;')], ['invalid', true])
})
