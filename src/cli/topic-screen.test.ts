import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { TapeDescription } from '../config/topics.ts'
import type { Terminal } from './terminal.ts'
import { outcomesJson, outcomesText } from './topic-made.ts'
import { descriptionJson, descriptionText } from './topic-screen.ts'

const terminal: Terminal = {
  out: async () => undefined,
  err: () => undefined,
  outIsScreen: false,
  errIsScreen: false,
  inIsScreen: false,
  columns: 100,
  paint: (_, text) => text,
}
const screen = { terminal, zone: 'UTC' }
const BAD = {
  topic: 'trades',
  setting: 'compression.type',
  value: 'gzip',
  costs: 'it is packed again',
  change: 'compression.type=producer',
  mend: 'Set it.',
  grave: false,
}

const tape: TapeDescription = {
  brokers: [{ id: 1, address: 'a:9092', fetchMax: 17, trouble: null }],
  topics: [
    {
      name: 'trades',
      id: 'id-1',
      partitions: [
        {
          partition: 0,
          leader: 1,
          replicas: [1, 2],
          inSync: [1, 2],
          earliest: 5,
          end: 1_005,
          bytes: 2_000,
        },
        {
          partition: 1,
          leader: 2,
          replicas: [1, 2],
          inSync: [2],
          earliest: 0,
          end: 10,
          bytes: null,
        },
        {
          partition: 2,
          leader: null,
          replicas: [1],
          inSync: [],
          earliest: null,
          end: null,
          bytes: null,
        },
      ],
      settings: new Map([
        ['retention.ms', '604800000'],
        ['max.message.bytes', '12582912'],
        ['cleanup.policy', 'delete'],
        ['compression.type', 'gzip'],
        ['message.timestamp.type', 'CreateTime'],
      ]),
      rights: new Set(),
      promise: 'survives',
      unfit: [BAD],
      command: 'kafka-configs.sh --alter',
    },
  ],
  missing: ['trades_feed_log'],
  landing: [
    {
      topic: 'trades',
      id: 'ticklake-land-1',
      state: 'Stable',
      members: [
        { id: 'ticklake-a', instance: 'one', host: '10.0.0.1', partitions: [0, 1] },
        { id: 'ticklake-b', instance: null, host: '10.0.0.2', partitions: [] },
      ],
      committed: new Map([[0, { offset: 1_000, note: null }]]),
      rights: new Set(),
    },
  ],
  recorder: { host: '10.0.0.3', epoch: 1_764_000_000 },
  mayJoin: { record: true, land: true },
}

describe('what topic describe shows', () => {
  it('partitions with what is wrong beside them, settings with their command, who records and lands', () => {
    assert.equal(
      descriptionText(tape, screen),
      `trades  id-1
  survives
  keeps 7d, batches up to 12.6 MB; cleanup delete, compression gzip, CreateTime
  PARTITION  LEADER  REPLICAS  IN SYNC  EARLIEST    END  RECORDS     SIZE
          0       1  1 2       1 2             5  1,005    1,000  2.00 kB
          1       2  1 2       2               0     10       10        –  1 of 2 in sync
          2    none  1                         –      –        –        –  no leader: it can be neither written nor read

  compression.type is gzip
    it is packed again
  This command changes the settings:
kafka-configs.sh --alter

trades_feed_log is not there: \`ticklake topic create\` makes it

Recorder
  10.0.0.3 holds the lease since 2025-11-24 16:00:00 UTC

Landers
  trades ← ticklake-land-1: landing, 15 behind
    HOST      MEMBER      PARTITIONS  BEHIND
    10.0.0.1  one         0 1             15
    10.0.0.2  ticklake-b  stands by        0
`,
    )
  })

  it('nobody records, or it is not known who does', () => {
    const nobody = { ...tape, recorder: null }
    assert.match(descriptionText(nobody, screen), /nobody holds the lease/)
    const unknown = { ...nobody, mayJoin: { record: false, land: true } }
    assert.match(descriptionText(unknown, screen), /this user may not ask who holds the lease/)
  })

  it('settings that this user may not ask for are said to be unknown', () => {
    const [topic] = tape.topics
    assert.ok(topic)
    const hidden = { ...tape, topics: [{ ...topic, settings: null, unfit: [], command: null }] }
    assert.match(descriptionText(hidden, screen), /settings: this user may not ask for them/)
  })

  it('what other programs wrote cannot move the cursor', () => {
    const [group] = tape.landing
    const [member] = group?.members ?? []
    assert.ok(group && member)
    const evil = { ...group, members: [{ ...member, instance: '\u001b[2J' }] }
    assert.equal(descriptionText({ ...tape, landing: [evil] }, screen).includes('\u001b'), false)
  })

  it('the same for programs, as one JSON object', () => {
    const { topics, recorder, groups, missing } = JSON.parse(descriptionJson(tape)) as {
      topics: { partitions: Record<string, unknown>[]; unfit: unknown[]; command: string }[]
      recorder: unknown
      groups: { lag_records: unknown }[]
      missing: unknown
    }
    assert.deepEqual(topics[0]?.partitions[1], {
      partition: 1,
      leader: 2,
      replicas: [1, 2],
      in_sync: [2],
      earliest: 0,
      end: 10,
      records: 10,
      bytes: null,
    })
    assert.equal(topics[0]?.unfit.length, 1)
    assert.deepEqual(recorder, { host: '10.0.0.3', since: '2025-11-24T16:00:00.000Z' })
    assert.deepEqual(groups[0]?.lag_records, { 0: 5, 1: 10, 2: 0 })
    assert.deepEqual(missing, ['trades_feed_log'])
  })
})

const MADE = [
  { name: 'partitions', value: '8', why: 'to share' },
  { name: 'retention.ms', value: '604800000', why: 'then it is gone' },
  { name: 'cleanup.policy', value: 'delete', why: 'no compaction' },
]

describe('what topic create shows', () => {
  const made = [
    { name: 'trades', made: MADE },
    {
      name: 'trades_feed_log',
      made: MADE.with(0, { name: 'partitions', value: '1', why: 'order' }),
    },
  ]

  it('each setting with its reason, of the second topic only what differs', () => {
    assert.equal(
      outcomesText(made, { dryRun: false, terminal }),
      `made trades
  partitions      8          to share
  retention.ms    604800000  7d; then it is gone
  cleanup.policy  delete     no compaction

made trades_feed_log, the rest as above
  partitions  1  order
`,
    )
    assert.match(outcomesText(made, { dryRun: true, terminal }), /^would make trades$/m)
  })

  it('of a topic that was there, that nothing was changed, and what does not fit', () => {
    const fits = { name: 'trades', partitions: 1, unfit: [], command: null }
    assert.equal(
      outcomesText([fits], { dryRun: false, terminal }),
      'trades was there, with 1 partition; nothing was changed. It fits.\n',
    )
    const unfit = { ...fits, partitions: 3, unfit: [{ ...BAD, change: null }] }
    assert.equal(
      outcomesText([unfit], { dryRun: false, terminal }),
      `trades was there, with 3 partitions; nothing was changed. What does not fit:
  compression.type is gzip
    it is packed again
    Set it.
`,
    )
    const { topics } = JSON.parse(outcomesJson([unfit], false)) as { topics: { outcome: string }[] }
    assert.equal(topics[0]?.outcome, 'was there')
  })
})
