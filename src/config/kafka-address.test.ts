import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import * as fc from 'fast-check'
import { Fault } from '../flow/fault.ts'
import { parseKafkaAddress } from './kafka-address.ts'

const refused = (text: string): Fault => {
  try {
    parseKafkaAddress(text)
  } catch (error) {
    if (error instanceof Fault && error.kind === 'invalid') return error
    throw error
  }
  throw new assert.AssertionError({ message: `${text} was taken` })
}

describe('parseKafkaAddress', () => {
  test('a host alone is enough', () => {
    assert.deepEqual(parseKafkaAddress('kafka://localhost'), {
      brokers: [{ host: 'localhost', port: 9092 }],
      topic: 'kafka_finnhub',
      user: null,
      address: 'kafka://localhost:9092/kafka_finnhub',
    })
    assert.equal(parseKafkaAddress('kafka://localhost/').topic, 'kafka_finnhub')
  })

  test('several brokers, a user and a topic', () => {
    assert.deepEqual(
      parseKafkaAddress('kafka://al%40x%3A@B1.example.com,[::1]:9,10.0.0.1/a.b-c_D'),
      {
        brokers: [
          { host: 'b1.example.com', port: 9092 },
          { host: '::1', port: 9 },
          { host: '10.0.0.1', port: 9092 },
        ],
        topic: 'a.b-c_D',
        user: 'al@x:',
        address: 'kafka://al%40x%3A@b1.example.com:9092,[::1]:9,10.0.0.1:9092/a.b-c_D',
      },
    )
  })

  test('the canonical text is read as the same address', () => {
    const host = fc.oneof(fc.domain(), fc.ipV4(), fc.ipV6(), fc.constant('kafka_1'))
    const broker = fc.record({ host, port: fc.integer({ min: 1, max: 65_535 }) })
    const user = fc.string({ unit: 'grapheme', minLength: 1 }).filter((s) => !/\p{Cc}/u.test(s))
    const topic = fc
      .stringMatching(/^[a-zA-Z0-9_-]{1,240}$/)
      .filter((s) => !s.endsWith('_feed_log'))
    fc.assert(
      fc.property(fc.array(broker, { minLength: 1 }), user, topic, (brokers, user, topic) => {
        const hosts = brokers.map(({ host, port }) =>
          host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`,
        )
        const parsed = parseKafkaAddress(
          `kafka://${encodeURIComponent(user)}@${hosts.join(',')}/${topic}`,
        )
        assert.deepEqual(
          parsed.brokers,
          brokers.map(({ host, port }) => ({ host: host.toLowerCase(), port })),
        )
        assert.deepEqual([parsed.user, parsed.topic], [user, topic])
        assert.deepEqual(parseKafkaAddress(parsed.address), parsed)
      }),
    )
  })

  test('a password is refused and not repeated, wherever it stands', () => {
    for (const text of [
      'kafka://user:hidden@host/topic',
      'kafka://user:hidden/with@slash@host',
      'kafka://user:hidden?@host',
      'kafka://:hidden@host',
      'kafka:user:hidden@host',
      'KAFKA://user:hidden@host',
    ]) {
      const { message, remedy } = refused(text)
      assert.match(remedy, /TICKLAKE_KAFKA_PASSWORD/, text)
      assert.doesNotMatch(message + remedy, /hidden/, text)
    }
    for (const text of [
      'kafka://user:hidden',
      'kafka://host/topic?password=hidden',
      'kafka://h#hidden',
    ]) {
      const { message, remedy } = refused(text)
      assert.doesNotMatch(message + remedy, /hidden/, text)
    }
  })

  test('what is wrong is named, with what to write instead', () => {
    for (const [text, message, remedy] of [
      ['kafka://', /names no host/, /kafka:\/\/\[user@\]host/],
      ['kafka:///topic', /names no host/, /kafka:\/\//],
      ['kafka://a,,b', /comma/, /kafka:\/\//],
      ['kafka:host', /"kafka:host" is no Kafka address/, /kafka:\/\//],
      ['KAFKA://host', /is no Kafka address/, /kafka:\/\//],
      ['kafka://host:0', /what follows host: .* is no port/, /1 to 65535/],
      ['kafka://host:65536', /is no port/, /1 to 65535/],
      ['kafka://host:', /is no port/, /9092/],
      ['kafka://ho st', /the host "ho st"/, /broker-1/],
      ['kafka://[host]', /the host "host"/, /brackets/],
      ['kafka://fe80::1', /fe80::1 without brackets/, /\[fe80::1\], and a port/],
      [`kafka://${'a'.repeat(254)}`, /the host/, /broker-1/],
      ['kafka://@host', /no user before/, /%40/],
      ['kafka://a@b@host', /the user "a@b"/, /%40/],
      ['kafka://u@h1,u@h2', /the user "u@h1,u"/, /%40/],
      ['kafka://a%zz@host', /percent-encoded/, /%40/],
      ['kafka://a%00@host', /control character/, /%40/],
    ] as const) {
      const fault = refused(text)
      assert.match(fault.message, message, text)
      assert.match(fault.remedy, remedy, text)
    }
  })

  test('a topic is named by Kafka’s rule, with room for its feed log', () => {
    const at = (topic: string) => `kafka://host/${topic}`
    assert.equal(parseKafkaAddress(at('a'.repeat(240))).topic.length, 240)
    assert.match(refused(at('a'.repeat(241))).message, /of 241 characters/)
    for (const topic of ['.', '..', 'a b', 'a/b', 'a/', 'ä', 'a%20b', 'a\n'])
      assert.match(refused(at(topic)).remedy, /A topic takes/, topic)
    assert.match(refused(at('kafka_finnhub_feed_log')).remedy, /the topic of the trades/)
    assert.equal(parseKafkaAddress(at('...')).topic, '...')
  })
})
