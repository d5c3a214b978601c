import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { TopicDescription } from './describe.ts'
import { changeCommand, deviations, promiseOf, unfitSettings } from './fitness.ts'
import { PLAN, topicSettings } from './topics.ts'

/** A topic as `topic create` makes it, but for `changes`. */
function topicOf(
  replicas: number,
  changes: Readonly<Record<string, string>> = {},
  partitions = 2,
): TopicDescription {
  const made = topicSettings(PLAN, replicas).map(({ name, value }) => [name, value] as const)
  const nodes = Array.from({ length: replicas }, (_, i) => i + 1)
  return {
    name: 'trades',
    id: 'id',
    partitions: Array.from({ length: partitions }, (_, partition) => ({
      partition,
      leader: 1,
      replicas: nodes,
      inSync: nodes,
      earliest: 0,
      end: 0,
      bytes: null,
    })),
    settings: new Map([...made, ['retention.bytes', '-1'], ...Object.entries(changes)]),
    rights: new Set(),
  }
}
const unfit = (topic: TopicDescription, { brokers = 3, isFeedLog = false } = {}) =>
  unfitSettings({ topic, isFeedLog, brokers }).map(({ setting }) => setting)

describe('what a topic’s settings cost', () => {
  it('a topic as it is made costs nothing, whatever the number of brokers', () => {
    for (const brokers of [1, 2, 3, 5])
      assert.deepEqual(unfit(topicOf(Math.min(3, brokers)), { brokers }), [])
  })

  const ill: readonly (readonly [string, string])[] = [
    ['cleanup.policy', 'compact'],
    ['cleanup.policy', 'compact,delete'],
    ['unclean.leader.election.enable', 'true'],
    ['message.timestamp.type', 'LogAppendTime'],
    ['retention.ms', '3600000'],
    ['retention.bytes', '1000000'],
    ['max.message.bytes', '1048588'],
    ['compression.type', 'gzip'],
    ['min.insync.replicas', '1'],
    ['min.insync.replicas', '3'],
  ]
  for (const [setting, value] of ill)
    it(`${setting}=${value} is told, and what it is to be`, () => {
      const [one, ...rest] = unfitSettings({
        topic: topicOf(3, { [setting]: value }),
        isFeedLog: false,
        brokers: 3,
      })
      assert.deepEqual([one?.setting, one?.value, rest], [setting, value, []])
      const [, fit] = one?.change?.split('=') ?? []
      assert.deepEqual(unfit(topicOf(3, { [setting]: fit ?? '' })), [])
      assert.equal(one?.grave, setting === 'cleanup.policy')
    })

  it('one that keeps records for ever, or a day, costs nothing', () => {
    for (const retention of ['-1', '86400000'])
      assert.deepEqual(unfit(topicOf(3, { 'retention.ms': retention })), [])
  })

  it('fewer replicas than the brokers could have are told', () => {
    assert.deepEqual(unfit(topicOf(1)), ['replication'])
    assert.deepEqual(unfit(topicOf(2)), ['replication'])
    assert.deepEqual(unfit(topicOf(1), { brokers: 2 }), ['replication'])
  })

  it('all of two replicas in sync stops the recording with either, and no setting mends that', () => {
    const [one] = unfitSettings({
      topic: topicOf(2, { 'min.insync.replicas': '2' }),
      isFeedLog: false,
      brokers: 2,
    })
    assert.deepEqual([one?.setting, one?.change], ['min.insync.replicas', null])
    assert.match(one?.mend ?? '', /More replicas/)
  })

  it('only a feed log must have one partition', () => {
    assert.deepEqual(unfit(topicOf(3), { isFeedLog: true }), ['partitions'])
    assert.deepEqual(unfit(topicOf(3, {}, 1), { isFeedLog: true }), [])
  })

  it('nothing is told of settings that this user may not ask for', () => {
    assert.deepEqual(unfit({ ...topicOf(3), settings: null }), [])
  })

  it('one command changes all that can be changed', () => {
    const topic = topicOf(1, { 'cleanup.policy': 'compact', 'retention.ms': '1000' })
    const found = unfitSettings({ topic, isFeedLog: false, brokers: 3 })
    assert.equal(
      changeCommand(found, 'a:9092'),
      'kafka-configs.sh --bootstrap-server a:9092 --alter --topic trades --add-config cleanup.policy=delete,retention.ms=604800000',
    )
    assert.equal(changeCommand([], 'a:9092'), null)
    assert.equal(changeCommand(found.slice(0, 1), 'a:9092'), null)
  })

  it('what differs from what was asked for is told, and nothing else', () => {
    const none = { partitions: null, replication: null, retentionMs: null }
    assert.deepEqual(deviations(topicOf(3), none), [])
    const asked = { partitions: 16, replication: 3, retentionMs: -1 }
    assert.deepEqual(
      deviations(topicOf(3), asked).map(({ setting, change }) => [setting, change]),
      [
        ['partitions', null],
        ['retention.ms', 'retention.ms=-1'],
      ],
    )
  })
})

describe('the promise that holds for a topic', () => {
  const promises: readonly (readonly [number, string, RegExp])[] = [
    [1, '1', /^one copy: .*process, not of its machine$/],
    [1, '2', /^one copy/],
    [2, '1', /min 1 in sync: survives a lost broker only while another is in sync$/],
    [3, '2', /^acks=all on 3 replicas, min 2 in sync: survives the loss of one broker$/],
    [5, '3', /survives the loss of 2 brokers$/],
  ]
  for (const [replicas, least, words] of promises)
    it(`${replicas} replicas of which ${least} must be in sync`, () => {
      assert.match(promiseOf(topicOf(replicas, { 'min.insync.replicas': least })), words)
    })

  it('an unclean election is excepted, and what is not known is not promised', () => {
    const unclean = topicOf(3, { 'unclean.leader.election.enable': 'true' })
    assert.match(promiseOf(unclean), /one broker, but for an unclean election$/)
    assert.doesNotMatch(promiseOf({ ...topicOf(3), settings: null }), /survives/)
  })
})
