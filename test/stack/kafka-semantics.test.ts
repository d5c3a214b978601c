import assert from 'node:assert/strict'
import { cp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { isFault } from '../../src/flow/fault.ts'
import type { SessionEventKind } from '../../src/market/feed-events.ts'
import { decodeEvent } from '../../src/market/session-events.ts'
import { offset, recordBytes } from '../../src/market/records.ts'
import type { StartOf, Tape } from '../../src/tape/tape.ts'
import { startKafka, type Kafka } from '../../stack/kafka.ts'
import { KAFKA_VERSIONS } from '../../stack/kafka/jars.ts'
import { withoutKafka } from '../../stack/kafka/needs.ts'
import {
  alive,
  all,
  behind,
  blockOf,
  ends,
  never,
  numbered,
  SOURCE,
  textsOf,
  ZERO,
} from '../conformance/tape-samples.ts'
import { fault } from '../conformance/tape-world.ts'
import { openCli } from '../e2e/cli.ts'
import {
  administer,
  AS_THEY_COME,
  eventually,
  landerOf,
  makePlace,
  MS_MAX,
  otherProducer,
  placeOf,
  type Place,
} from './kafka-world.ts'

/** Reads one turn until it fails; fails itself when the turn ends quietly. */
async function failedTurn(tape: Tape, start: StartOf = async () => new Map()): Promise<never> {
  const group = { id: `landers-${tape.trades.id}`, start }
  for await (const turn of tape.trades.turns(group, never)) for await (const run of turn) void run
  throw new Error('the turn ended quietly')
}

const remedied = (pattern: RegExp) => (error: unknown) => {
  assert.ok(isFault(error))
  assert.match(error.remedy, pattern)
}

/** What the events of a session have in common. */
const said = {
  recorder: 'r1',
  epoch: 1,
  source: SOURCE,
  from: null,
  to: null,
  cause: null,
  bytes: null,
} as const

const SIMULATED = ['--feed', 'simulator', '--source', 'simulator']

/** Blocks of forty symbols, so that every partition has some. */
const spread = (first: number, next: number) =>
  Array.from({ length: 40 }, (_, k) => numbered(first, next, `S${k}`))

/** Much of it is waiting, so both versions run at once. */
const AT_ONCE = { skip: withoutKafka(), timeout: MS_MAX, concurrency: true }

describe('a topic', AT_ONCE, () => {
  for (const version of KAFKA_VERSIONS)
    describe(`of Kafka ${version}`, { concurrency: 1 }, () => {
      let kafka: Kafka
      before(async () => void (kafka = await startKafka({ version, properties: AS_THEY_COME })))
      after(() => kafka[Symbol.asyncDispose]())

      describe('side by side', { concurrency: true }, () => {
        it('that is deleted ends its readers and its writer, who say so', async () => {
          const place = await makePlace(kafka)
          await using tape = await place.open()
          await tape.append([numbered(0, 10)])
          const turn = assert.rejects(failedTurn(tape), (error) => {
            remedied(/topic create.*--adopt-tape/)(error)
            return fault('corrupt', /topic trades_\S+ was deleted$/)(error)
          })
          await administer(kafka, (admin) => admin.deleteTopics({ topics: [place.topic] }))
          await turn
          await eventually(() =>
            assert.rejects(tape.append([numbered(10, 11)]), fault('corrupt', /was deleted$/)),
          )
        })

        it('that is deleted and made again ends both, and is landed when that is adopted', async () => {
          const { topic } = await makePlace(kafka, { partitions: 2 })
          const place = placeOf(kafka, topic)
          await using cli = await openCli()
          const lander = landerOf(cli, place)
          const record = () =>
            cli.start([
              'record',
              'AAPL',
              ...lander.args,
              '--feed',
              'simulator',
              '--source',
              'simulator',
            ])
          const first = record()
          const landing = cli.start(['land', ...lander.args, '--land-age', '1s'])
          await landing.seen(/table=records/)
          await administer(kafka, (admin) => admin.deleteTopics({ topics: [topic] }))
          await makeAgain(place)
          const [landed, recorded] = await Promise.all([landing.ended, first.ended])
          for (const { code, err } of [landed, recorded]) {
            assert.equal(code, 1, err)
            assert.match(err, /was deleted and made again/)
            assert.match(err, /--adopt-tape/)
          }
          const refused = await lander.land()
          assert.equal(refused.code, 1)
          assert.match(refused.err, /is not the one that this lake holds.*\n.*--adopt-tape/)
          const second = record()
          await second.seen(/ recording /)
          const adopted = cli.start(['land', ...lander.args, '--land-age', '1s', '--adopt-tape'])
          await adopted.seen(/table=records/)
          second.child.kill('SIGINT')
          assert.equal((await second.ended).code, 0)
          adopted.child.kill('SIGINT')
          assert.equal((await adopted.ended).code, 0)
          const verified = await lander.verify()
          assert.equal(verified.code, 0, verified.out)
          assert.match(verified.out, /rows unverifiable: the tape has forgotten them/)
          assert.equal(await lander.count('(SELECT DISTINCT tape FROM records)'), 2)
        })

        it('that forgot records before they landed stops the lander until the gap is accepted', async () => {
          const place = await makePlace(kafka)
          await using cli = await openCli()
          const lander = landerOf(cli, place)
          await using tape = await place.open()
          const session = (kind: SessionEventKind, at: number, symbols: string[] | null = null) =>
            ({ kind: 'session', event: { ...said, kind, at, symbols } }) as const
          await tape.append([session('opened', 0), session('subscribed', 0, ['TSLA'])])
          await tape.append([numbered(0, 10), alive(1_000)])
          assert.equal((await lander.landAll()).code, 0)
          await tape.append([numbered(10, 15)])
          await tape.append([numbered(15, 20)])
          await tape.trades.trim(new Map([[ZERO, offset(15)]]))
          const refused = await lander.land()
          assert.equal(refused.code, 1)
          assert.match(
            refused.err,
            /records \[10, 15\) were trimmed before they landed\n.*--accept-gap/,
          )
          const accepted = await lander.landAll('--accept-gap')
          assert.equal(accepted.code, 0, accepted.err)
          const landed = await lander.sql(
            `SELECT count(*) AS n FROM records
             UNION ALL SELECT count(*) FROM feed_log WHERE kind = 'hole_accepted'`,
          )
          assert.deepEqual(landed, [{ n: 15 }, { n: 1 }])
          const { out } = await cli.run('gaps', ...lander.args, '--json')
          const gap = out.split('\n').find((line) => line.includes('records 10 to 14 were trimmed'))
          assert.match(
            gap ?? out,
            /"from":"1970-01-01T00:00:00.009Z","to":"1970-01-01T00:00:00.015Z"/,
          )
          const verified = await lander.verify()
          assert.equal(verified.code, 0, verified.out)
        })

        it('that is compacted is refused', async () => {
          const config = { 'cleanup.policy': 'compact,delete' }
          const place = await makePlace(kafka, { config })
          await using tape = await place.open()
          await tape.append([alive(0), numbered(0, 1)])
          const refusal = /topic trades_\S+ is compacted \(cleanup\.policy=compact\)/
          await assert.rejects(failedTurn(tape), (error) => {
            remedied(/cleanup\.policy=delete/)(error)
            return fault('invalid', refusal)(error)
          })
          await using cli = await openCli()
          const { code, err } = await landerOf(cli, place).land()
          assert.equal(code, 78)
          assert.match(err, refusal)
        })

        for (const partitions of version === '4' ? [3, 8, 64] : [64])
          it(`of ${partitions} partitions lands whole`, async () => {
            const place = await makePlace(kafka, { partitions })
            await using tape = await place.open()
            await tape.append([alive(0), ...spread(0, 50)])
            await using cli = await openCli()
            const lander = landerOf(cli, place)
            const { code, err } = await lander.landAll()
            assert.equal(code, 0, err)
            assert.equal(await lander.count('records'), 40 * 50)
            const verified = await lander.verify()
            assert.equal(verified.code, 0, verified.out)
          })

        it('that gets more partitions while it is recorded and landed loses nothing', async () => {
          const place = await makePlace(kafka, { partitions: 2 })
          const { topic } = place
          await using cli = await openCli()
          const lander = landerOf(cli, place)
          const recorder = cli.start(['record', ...lander.args].concat(SIMULATED))
          await recorder.seen(/ recording /)
          const landing = ['land', ...lander.args, '--land-age', '1s']
          const landers = [cli.start(landing), cli.start(landing)]
          await Promise.all(landers.map((one) => one.seen(/table=records/))) // each has one of the two
          await administer(kafka, (admin) =>
            admin.createPartitions({ topics: [{ name: topic, count: 5 }] }),
          )
          const producer = otherProducer(kafka)
          const messages = [2, 3, 4].map((partition) => ({
            topic,
            partition,
            value: `new ${partition}`,
          }))
          await eventually(async () => void (await producer.send({ messages })))
          await producer.close()
          // It fails for as long as a partition has records and has not begun to land.
          const begun = async () => assert.match((await lander.verify()).out, /records {3}passed/)
          await eventually(begun, { everyMs: 2_000 })
          recorder.child.kill('SIGINT')
          assert.equal((await recorder.ended).code, 0)
          for (const { child, ended } of landers) {
            child.kill('SIGINT')
            const { code, err } = await ended
            assert.equal(code, 0, err)
          }
          const verified = await lander.verify()
          assert.equal(verified.code, 0, verified.out)
          const [{ n, tape } = {}] = await lander.sql(
            'SELECT count(*) AS n, count(DISTINCT tape) AS tape FROM records',
          )
          await using reader = await place.open('read')
          assert.deepEqual([n, tape], [(await all(reader.trades)).length, 1])
        })

        it('that takes no record so large has its start in the feed log, and everything else', async () => {
          const place = await makePlace(kafka, { config: { 'max.message.bytes': '100000' } })
          await using tape = await place.open()
          const large = `{"pad":"${'x'.repeat(150_000)}"}`
          const bytes = (text: string) => new Uint8Array(Buffer.from(text))
          await tape.append([
            alive(1),
            blockOf(['a', large, 'b'].map((text) => ({ bytes: bytes(text) }))),
            alive(2),
          ])
          await tape.append([numbered(0, 3_000)])
          const reads = await all(tape.trades)
          assert.deepEqual(textsOf(reads.slice(0, 2)), ['a', 'b'])
          assert.equal(reads.length, 3_002)
          const events = []
          for await (const run of tape.feed.read(new Map(), ends(await tape.feed.bounds()), never))
            for (let i = 0; i < run.count; i++) events.push(decodeEvent(recordBytes(run, i)))
          assert.equal(events.length, 3)
          const told = events.find((event) => event?.kind === 'unreadable')
          assert.match(told?.cause ?? '', /a record of 150010 bytes .* \(max\.message\.bytes\)/)
          assert.deepEqual(told?.bytes, bytes(large.slice(0, 64 * 1024)))
          assert.deepEqual([told?.recorder, told?.epoch], ['r1', 1])
        })
      })

      it('whose disk was restored from an older copy stops the lander', async () => {
        const truncated = await makePlace(kafka)
        const grown = await makePlace(kafka)
        const places = [truncated, grown]
        const folders = places.map(({ topic }) => `${topic}-0`)
        const folder = (name: string) => join(kafka.dir, 'broker-1', 'data', name)
        const copy = (name: string) => join(kafka.dir, `copy-of-${name}`)
        const append = async (place: Place, first: number, next: number) => {
          await using tape = await place.open()
          await tape.append([alive(0), numbered(first, next)])
        }
        for (const place of places) await append(place, 0, 10)
        await kafka.broker(1).stop()
        for (const name of folders) await cp(folder(name), copy(name), { recursive: true })
        await kafka.broker(1).start()
        for (const place of places) await append(place, 10, 20)
        await using cli = await openCli()
        const lander = landerOf(cli, truncated)
        assert.equal((await lander.landAll()).code, 0)
        await using tape = await grown.open('read')
        const last = (await all(tape.trades)).at(-1)
        assert.ok(last)
        await kafka.broker(1).stop()
        for (const name of folders) {
          await rm(folder(name), { recursive: true })
          await cp(copy(name), folder(name), { recursive: true })
        }
        await kafka.broker(1).start()
        await append(grown, 100, 120)

        const pastEnd = /the lake holds records up to 20, but the tape ends at 10/
        const { code, err } = await lander.land()
        assert.equal(code, 1)
        assert.match(err, pastEnd)
        const position = async () => new Map([[ZERO, behind(last)]])
        await using read = await truncated.open('read')
        await assert.rejects(failedTurn(read, position), fault('corrupt', pastEnd))
        const another = /at offset 19, where the last landed record was, another one is on the tape/
        await assert.rejects(failedTurn(tape, position), fault('corrupt', another))
      })
    })
})

/** The same name, another topic; a broker that still deletes the old one refuses it for a moment. */
async function makeAgain({ around, topic }: Place): Promise<void> {
  const { openCluster } = await import('../../src/tape/kafka/cluster.ts')
  const { createTopic } = await import('../../src/tape/kafka/topics.ts')
  await using cluster = await openCluster(around)
  const plan = { partitions: 2, replication: null, retentionMs: -1 }
  await eventually(async () => assert.equal(await createTopic(cluster, topic, plan), 'created'))
}
