import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { CompressionAlgorithms, FetchIsolationLevels } from '@platformatic/kafka'
import { homeOf } from '../../src/tape/kafka/partitioner.ts'
import { startKafka, type Kafka } from '../../stack/kafka.ts'
import { KAFKA_VERSIONS } from '../../stack/kafka/jars.ts'
import { withoutKafka } from '../../stack/kafka/needs.ts'
import { openCli } from '../e2e/cli.ts'
import {
  administer,
  AS_THEY_COME,
  eventually,
  landerOf,
  makePlace,
  MS_MAX,
  otherProducer,
  type Place,
} from './kafka-world.ts'

/** Told to stop, a lander that has landed nearly all is done within this: to join its group anew takes longer. */
const DRAIN_MS_MAX = 3_000
const TIME = 1_763_997_374_633

const SYMBOL = 'BINANCE:BTCUSDT'

const trade = (symbol: string, price: number | string) =>
  `{"c":["1","8"],"p":${price},"s":"${symbol}","t":${TIME},"v":40}`
/** As a program writes it that has another JSON library: spaces, and names in another order. */
const spacedTrade = (symbol: string, price: number) =>
  `{"s": "${symbol}", "p": ${price}, "v": 1.5, "t": ${TIME}, "c": null}`

/** How many offsets of a topic are used, up to the first open transaction, as its brokers say to another client. */
async function usedOf(kafka: Kafka, { topic }: Place, partitions: number): Promise<number> {
  const [found] = await administer(kafka, (admin) =>
    admin.listOffsets({
      isolationLevel: FetchIsolationLevels.READ_COMMITTED,
      topics: [
        {
          name: topic,
          partitions: Array.from({ length: partitions }, (_, partitionIndex) => ({
            partitionIndex,
            timestamp: -1n,
          })),
        },
      ],
    }),
  )
  return (found?.partitions ?? []).reduce((sum, { offset }) => sum + Number(offset), 0)
}

const hex = (text: string) => Buffer.from(text).toString('hex').toUpperCase()

const AT_ONCE = { skip: withoutKafka(), timeout: MS_MAX, concurrency: true }

describe('beside other programs', AT_ONCE, () => {
  for (const version of KAFKA_VERSIONS)
    describe(`Kafka ${version}`, { concurrency: 1 }, () => {
      let kafka: Kafka
      before(async () => void (kafka = await startKafka({ version, properties: AS_THEY_COME })))
      after(() => kafka[Symbol.asyncDispose]())

      it('lands what any producer wrote, each record as one row, those that are no trades with their bytes', async () => {
        const place = await makePlace(kafka, { partitions: 3, foreign: true })
        const broken = ['not json', '', '{"p":"high","s":1,"t":2,"v":3}', '[1,2]', '{"s":"A","p":1']
        const large = `{"pad":"${'x'.repeat(1_000_000)}","p":1,"s":"BIG","t":${TIME},"v":1}`
        const typed = [trade('TSLA', 415.89), ...broken, large]
        await kafka.console.produce(place.topic, typed, {
          properties: { 'max.request.size': '2000000', 'compression.type': 'lz4' },
        })
        const producer = otherProducer(kafka)
        const codecs = Object.values(CompressionAlgorithms)
        for (const compression of codecs) {
          const messages = [1, 2, 3].map((n) => ({
            topic: place.topic,
            value: spacedTrade(`CODEC:${compression}`, n),
          }))
          await producer.send({ messages, compression })
        }
        await producer.send({ messages: [{ topic: place.topic, key: 'deleted' }] })
        await producer.close()
        const total = typed.length + 3 * codecs.length + 1
        assert.equal(await usedOf(kafka, place, 3), total)

        await using cli = await openCli()
        const lander = landerOf(cli, place)
        const { code, err } = await lander.landAll()
        assert.equal(code, 0, err)
        assert.equal(await lander.count('records'), total)
        const dead = await lander.sql('SELECT hex(raw) AS bytes, defect FROM dead_letters')
        assert.deepEqual(
          dead.map(({ bytes }) => String(bytes)).toSorted(),
          [...broken, ''].map(hex).toSorted(),
        )
        const trades = await lander.sql(
          'SELECT symbol, count(*) AS n, sum(price) AS p FROM trades GROUP BY 1',
        )
        const bySymbol = new Map(trades.map(({ symbol, n, p }) => [symbol, [n, p]]))
        assert.deepEqual(bySymbol.get('TSLA'), [1, 415.89])
        assert.deepEqual(bySymbol.get('BIG'), [1, 1])
        for (const compression of codecs)
          assert.deepEqual(bySymbol.get(`CODEC:${compression}`), [3, 6], compression)
        const verified = await lander.verify()
        assert.equal(verified.code, 0, verified.out)
      })

      it("finds Java's keys in the partitions that homeOf names", async () => {
        const place = await makePlace(kafka, { partitions: 5, foreign: true })
        const keys = [
          'A',
          'GE',
          'IBM',
          'TSLA',
          'GOOGL',
          'BRK.B',
          'BINANCE:BTCUSDT',
          'ÄÖ €',
          'ζ',
          '𝄞 %',
        ]
        const lines = keys.map((key) => `${key}|${trade(key, 1)}`)
        await kafka.console.produce(place.topic, lines, {
          keySeparator: '|',
          properties: { 'compression.type': 'snappy' },
        })
        await using tape = await place.open()
        const homes = new Map<string, number>()
        const bounds = await tape.trades.bounds()
        const until = new Map([...bounds].map(([at, { end }]) => [at, end]))
        for await (const run of tape.trades.read(new Map(), until, new AbortController().signal))
          for (const line of Buffer.from(run.bytes)
            .toString()
            .matchAll(/"s":"([^"]+)"/g))
            homes.set(line[1] ?? '', run.partition)
        assert.deepEqual(
          homes,
          new Map(
            [...homes.keys()].map((key) => [key, homeOf(new Uint8Array(Buffer.from(key)), 5)]),
          ),
        )
        assert.deepEqual([...homes.keys()].toSorted(), keys.toSorted())
      })

      it('lets the console consumer read what the recorder wrote: bytes, key, time and mark', async () => {
        const place = await makePlace(kafka, { partitions: 2 })
        await using cli = await openCli()
        // The feed sends each block twice: once that is evident, the second is marked.
        const sent = Array.from({ length: 60 }, (_, i) => [`${i}.5`, `${i}e-3`])
          .map((prices) => prices.map((price) => trade(SYMBOL, price)))
          .flatMap((objects) => [objects, objects])
        const lines = sent.map(
          (objects, i) =>
            `{"at":${i / 80},"frame":{"data":[${objects.join(',')}],"type":"trade"}}\n`,
        )
        await writeFile(join(cli.dir, 'frames.ndjson'), lines.join(''))
        const replay = cli.start(['replay', 'frames.ndjson', '--listen', '0'])
        const [url = ''] = await replay.seen(/ws:\/\/127\.0\.0\.1:\d+/)
        const began = Date.now()
        const from = ['--tape', place.address, '--feed', url, '--source', 'replayed']
        const recorder = cli.start(['record', SYMBOL, ...from])
        const printed = { timestamp: true, headers: true, key: true } as const
        const read = (await kafka.console.consume(place.topic, sent.flat().length, printed)).map(
          (line) => {
            const [time = '', headers = '', key = '', ...value] = line.toString().split('\t')
            return {
              ms: Number(time.slice('CreateTime:'.length)),
              headers,
              key,
              value: value.join(),
            }
          },
        )
        recorder.child.kill('SIGINT')
        const { code, err } = await recorder.ended
        assert.equal(code, 0, err)
        assert.deepEqual(
          read.map(({ value }) => value),
          sent.flat(),
        )
        assert.deepEqual(new Set(read.map(({ key }) => key)), new Set([SYMBOL]))
        assert.ok(read.every(({ ms }) => ms >= began && ms <= Date.now()))
        const marked = read.flatMap(({ headers }, i) => (headers === 'redelivered:1' ? [i] : []))
        assert.ok(marked.length >= 20, `${marked.length} marked`)
        assert.ok(marked.every((i) => i % 4 >= 2)) // of the second block alone
        assert.ok(read.every(({ headers }) => /^(NO_HEADERS|redelivered:1)$/.test(headers)))
      })

      it('lands committed transactions alone, and does not wait for their markers at the end', async () => {
        const place = await makePlace(kafka, { partitions: 2, foreign: true })
        const producer = otherProducer(kafka, { transactionalId: place.topic })
        const transaction = async (partition: number, symbol: string, end: 'commit' | 'abort') => {
          const opened = await producer.beginTransaction()
          const messages = [1, 2, 3].map((n) => ({
            topic: place.topic,
            partition,
            value: trade(symbol, n),
          }))
          await opened.send({ messages })
          await opened[end]()
        }
        await transaction(0, 'KEPT', 'commit')
        await transaction(0, 'LOST', 'abort')
        await transaction(1, 'LOST', 'abort')
        await using cli = await openCli()
        const lander = landerOf(cli, place)
        const running = cli.start(['land', ...lander.args, '--land-age', '1s'])
        await running.seen(/table=records rows=3/)
        await transaction(0, 'KEPT', 'commit')
        // a marker follows each transaction, a moment after its end was acknowledged
        await eventually(async () => assert.equal(await usedOf(kafka, place, 2), 16))
        const began = performance.now()
        running.child.kill('SIGINT')
        const { code, err } = await running.ended
        const drainMs = performance.now() - began
        assert.equal(code, 0, err)
        assert.ok(drainMs < DRAIN_MS_MAX, `${drainMs} ms`)
        const rows = await lander.sql('SELECT symbol, count(*) AS n FROM records GROUP BY 1')
        assert.deepEqual(rows, [{ symbol: 'KEPT', n: 6 }])
        const verified = await lander.verify()
        assert.equal(verified.code, 0, verified.out + verified.err)
        assert.match(verified.out, /records {3}passed: 6 records/)
        await producer.close()
      })
    })
})
