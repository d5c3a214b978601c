import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { systemClock } from '../../src/flow/clock.ts'
import { silent } from '../../src/flow/log.ts'
import { noMetrics } from '../../src/flow/metrics.ts'
import { systemRandom } from '../../src/flow/random.ts'
import { openCluster, type Cluster } from '../../src/tape/kafka/cluster.ts'
import { OPEN } from '../../src/tape/kafka/security.ts'
import { settingsOfTopic, topicSettings, PLAN } from '../../src/tape/kafka/topics.ts'
import { kafkaLease } from '../../src/tape/kafka-lease.ts'
import { openKafkaTape } from '../../src/tape/kafka-tape.ts'
import { startKafka, type Kafka } from '../../stack/kafka.ts'
import { numbered, SOURCE } from '../conformance/tape-samples.ts'
import { openCli, type Cli, type Ended } from '../e2e/cli.ts'

const WAIT_MS_MAX = 20_000
const FOUND = new AbortController().signal

const aroundOf = (kafka: Kafka) => ({
  brokers: kafka.brokers.map(({ port }) => ({ host: '127.0.0.1', port })),
  security: OPEN,
  clock: systemClock,
  random: systemRandom,
  log: silent,
  metrics: noMetrics,
})

type Described = {
  readonly topics: readonly {
    readonly name: string
    readonly partitions: readonly { readonly end: number; readonly in_sync: readonly number[] }[]
    readonly unfit: readonly { readonly setting: string }[]
  }[]
  readonly missing: readonly string[]
  readonly recorder: { readonly host: string; readonly since: string | null } | null
  readonly groups: readonly {
    readonly group: string
    readonly members: readonly { readonly instance: string | null; readonly partitions: unknown }[]
    readonly lag_records: Readonly<Record<string, number>>
  }[]
}

async function made(
  { library, lane }: Cluster,
  name: string,
  { partitions = 1, configs = {} }: { partitions?: number; configs?: Record<string, string> },
): Promise<void> {
  const topic = {
    name,
    numPartitions: partitions,
    replicationFactor: 1,
    assignments: [],
    configs: Object.entries(configs).map(([name, value]) => ({ name, value })),
  }
  const api = library.createTopicsV7.api
  await lane.ask('any', { api, args: [[topic], 10_000, false], what: `make ${name}` })
}

for (const version of ['4', '3'] as const)
  describe(`what an operator sees of Kafka ${version}`, { timeout: 180_000 }, () => {
    let kafka: Kafka
    let cli: Cli
    let cluster: Cluster
    before(async () => {
      // As brokers come: a new group waits 3 s for more members.
      const properties = { 'group.initial.rebalance.delay.ms': '3000' }
      kafka = await startKafka({ version, properties })
      cli = await openCli()
      cluster = await openCluster(aroundOf(kafka))
    })
    after(async () => {
      await cluster[Symbol.asyncDispose]()
      await cli[Symbol.asyncDispose]()
      await kafka[Symbol.asyncDispose]()
    })
    const at = (topic: string) => ['--tape', `kafka://${kafka.bootstrap}/${topic}`]
    const run = (topic: string, ...args: readonly string[]): Promise<Ended> =>
      cli.run(...args, ...at(topic))
    const described = async (topic: string): Promise<Described> => {
      const { out, err } = await run(topic, 'topic', 'describe', '--json')
      assert.notEqual(out, '', err)
      return JSON.parse(out) as Described
    }
    const doctor = async (topic: string) => {
      const { code, out } = await run(topic, 'doctor', '--json', '--feed', 'simulator')
      const lines = out.trim().split('\n')
      type Line = { readonly check: string; readonly outcome: string; readonly says: string }
      const checks = lines.map((line) => JSON.parse(line) as Line)
      return {
        code,
        of: (name: string) =>
          checks
            .filter(({ check }) => check === name)
            .map(({ outcome, says }) => `${outcome} ${says}`),
      }
    }

    it('a dry run asks the brokers and makes nothing', async () => {
      const { code, out } = await run('dry', 'topic', 'create', '--dry-run')
      assert.equal(code, 0)
      assert.match(out, /^would make dry$/m)
      assert.equal((await run('dry', 'topic', 'describe')).code, 1)
      const refused = await run('dry', 'topic', 'create', '--dry-run', '--replication', '9')
      assert.equal(refused.code, 78)
      assert.match(refused.err, /cannot make topic dry: the broker refused \(38\)/)
    })

    it('both topics are made as they are explained, and a second time nothing is changed', async () => {
      const { code, out, err } = await run('one', 'topic', 'create')
      assert.equal(code, 0, err)
      assert.match(out, /^made one$/m)
      assert.match(out, /^made one_feed_log, the rest as above$/m)
      const settings = await settingsOfTopic(cluster, 'one')
      for (const { name, value } of topicSettings(PLAN, 1)) assert.equal(settings?.get(name), value)
      const feed = await settingsOfTopic(cluster, 'one_feed_log')
      assert.equal(feed?.get('retention.ms'), String(90 * 86_400_000))
      const { topics, missing, recorder } = await described('one')
      assert.deepEqual(
        topics.map(({ name, partitions, unfit }) => [name, partitions.length, unfit]),
        [
          ['one', 8, []],
          ['one_feed_log', 1, []],
        ],
      )
      assert.deepEqual([missing, recorder], [[], null])
      const again = await run('one', 'topic', 'create')
      assert.equal(again.code, 0)
      assert.match(
        again.out,
        /^one was there, with 8 partitions; nothing was changed\. It fits\.$/m,
      )
    })

    it('what was asked for and is otherwise is told, and the exit code says so', async () => {
      const asked = ['--partitions', '16', '--retention', 'forever']
      const { code, out } = await run('one', 'topic', 'create', ...asked)
      assert.equal(code, 1)
      assert.match(out, /partitions is 8\n +it is not the 16 that you asked for/)
      assert.match(out, /--add-config retention\.ms=-1$/m)
      assert.match(out, /one_feed_log was there.* It fits\.$/m)
    })

    it('a feed log that is missing beside trades of other programs is made', async () => {
      await made(cluster, 'others', { partitions: 3 })
      assert.deepEqual((await described('others')).missing, ['others_feed_log'])
      const { out } = await run('others', 'topic', 'create')
      assert.match(out, /^others was there, with 3 partitions; nothing was changed/m)
      assert.match(out, /^made others_feed_log$/m)
    })

    it('who records and who lands is shown, with how far', async () => {
      await run('seen', 'topic', 'create', '--retention', 'forever') // its records are of 1970
      const around = { ...aroundOf(kafka), topic: 'seen' }
      const stop = new AbortController()
      await using tape = await openKafkaTape({ ...around, mode: 'write', source: SOURCE })
      await tape.append([numbered(0, 100)])
      await using lander = await openKafkaTape({ ...around, mode: 'read', instance: 'lander-7' })
      const group = { id: 'ticklake-land-seen', start: async () => new Map() }
      const landing = (async () => {
        for await (const turn of lander.trades.turns(group, stop.signal))
          for await (const { partition, next } of turn)
            await lander.trades.landed(group.id, new Map([[partition, { next, last: null }]]))
      })()
      {
        await using _lease = await kafkaLease(around)(FOUND)
        const until = Date.now() + WAIT_MS_MAX
        const isLanded = ({ groups }: Described) =>
          groups[0]?.members[0] !== undefined &&
          Object.values(groups[0].lag_records).every((lag) => lag === 0)
        let seen = await described('seen')
        while (!isLanded(seen) && Date.now() < until) seen = await described('seen')
        assert.equal(seen.recorder?.host, '127.0.0.1')
        const since = Date.now() - Date.parse(seen.recorder?.since ?? '')
        assert.ok(since > -2_000 && since < 60_000, seen.recorder?.since ?? 'null')
        const [found, ...others] = seen.groups
        assert.deepEqual([found?.group, others], [group.id, []])
        assert.deepEqual(
          found?.members.map(({ instance, partitions }) => [instance, partitions]),
          [['lander-7', [0, 1, 2, 3, 4, 5, 6, 7]]],
        )
        assert.ok(isLanded(seen), JSON.stringify(found?.lag_records))
        const held = seen.topics[0]?.partitions.reduce((sum, { end }) => sum + end, 0)
        assert.equal(held, 100)
      }
      assert.equal((await described('seen')).recorder, null)
      stop.abort()
      await landing
    })

    it('doctor says what a topic’s settings cost, and what one broker survives', async () => {
      const well = await doctor('one')
      assert.equal(well.code, 0)
      assert.deepEqual(well.of('broker'), ['ok one broker answers, without TLS, without a login'])
      assert.match(well.of('rights').join(), /^ok /)
      assert.match(well.of('tape').join(), /^warn 0 records.*process, not of its machine$/)
      const configs = { 'cleanup.policy': 'compact', 'compression.type': 'gzip' }
      await made(cluster, 'ill', { configs })
      await made(cluster, 'ill_feed_log', {})
      const ill = await doctor('ill')
      assert.equal(ill.code, 1)
      const told = ill.of('topic').map((line) => line.replace(/:.*?is/, ' is').split(':')[0])
      assert.deepEqual(told, [
        'fail ill is compact',
        'warn ill is 1048588',
        'warn ill is gzip',
        'warn ill_feed_log is 1048588',
      ])
      const absent = await doctor('absent')
      assert.equal(absent.code, 0)
      assert.match(absent.of('topic').join(), /^skip absent is not there yet/)
    })

    it('a recorder says that another has the lease only where one has it, and where that runs', async () => {
      const args = ['record', ...at('stood'), '--feed', 'simulator', '--data', 'stood']
      const first = cli.start(args)
      await first.seen(/info {2}recording /)
      const second = cli.start(args)
      await second.seen(
        /another recorder has the lease of this tape: standing by recorder=127\.0\.0\.1/,
      )
      await delay(100)
      first.child.kill('SIGTERM')
      const ended = await first.ended
      assert.equal(ended.code, 0)
      assert.doesNotMatch(ended.err, /another recorder/)
      await second.seen(/info {2}recording /)
      second.child.kill('SIGTERM')
      assert.equal((await second.ended).code, 0)
    })
  })
