import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { offset, partition } from '../../src/market/records.ts'
import { startKafka, type Kafka } from '../../stack/kafka.ts'
import { alive } from '../conformance/tape-samples.ts'
import { openCli, type Cli, type Ended } from '../e2e/cli.ts'
import { block, tradeText } from '../fixtures/small-lake.ts'
import { configure, landerOf, makePlace, MS_MAX, type Lander, type Place } from './kafka-world.ts'

const DAY_MS = 86_400_000
/** Two days ago: Kafka forgets what is older than a topic's retention at once. */
const NOON = (Math.floor(Date.now() / DAY_MS) - 2) * DAY_MS + DAY_MS / 2
const NEXT_DAY = new Date(NOON + DAY_MS).toISOString().slice(0, 10)

/** Each test goes on from the one before, on one topic. */
describe('purging what a topic still holds', { timeout: MS_MAX }, () => {
  let kafka: Kafka
  let cli: Cli
  let place: Place
  let lander: Lander
  before(async () => {
    kafka = await startKafka({ version: '4' })
    cli = await openCli()
    place = await makePlace(kafka, { partitions: 3 })
    lander = landerOf(cli, place)
  })
  after(async () => {
    await cli[Symbol.asyncDispose]()
    await kafka[Symbol.asyncDispose]()
  })

  /** Twelve trades of four symbols. */
  const record = async (at = NOON): Promise<void> => {
    await using tape = await place.open()
    const symbols = ['GONE', 'A', 'B', 'C']
    const trades = Array.from({ length: 12 }, (_, i) =>
      tradeText({ s: symbols[i % 4] ?? '', t: at + i }),
    )
    await tape.append([block(trades, at), alive(at)])
  }
  const purge = (...flags: readonly string[]): Promise<Ended> =>
    cli.run('purge', ...flags, ...lander.args)
  const verified = async (purged: RegExp): Promise<void> => {
    const { code, out } = await lander.verify()
    assert.equal(code, 0, out)
    assert.match(out, purged)
  }

  it('is refused while such records have not landed, and lists until when Kafka keeps the others', async () => {
    await record()
    await lander.landAll()
    await record()
    assert.match((await purge('--symbol', 'GONE', '--yes')).err, /3 records of it on the tape/)
    await lander.landAll()
    await configure(kafka, place.topic, { 'retention.ms': '864000000' })
    const { code, out, err } = await purge('--symbol', 'GONE', '--yes')
    assert.equal(code, 0, err)
    assert.match(out, /records +6 rows gone/)
    assert.match(
      out,
      /partition \d: \d+ records that landed stay until about \d{4}-.*retention.ms=864000000/,
    )
    assert.doesNotMatch(out, /feed_log/)
    await configure(kafka, place.topic, { 'retention.ms': '-1' })
  })

  it('leaves what the topic still holds to verify, which tells it as purged', async () => {
    assert.equal(await lander.count('records'), 18)
    await verified(/records +passed: 24 records .* 0 missing.*, 6 purged/)
    await record(NOON + DAY_MS)
    await lander.landAll()
    assert.equal(await lander.count("trades WHERE symbol = 'GONE'"), 3)
    await verified(/records +passed: 36 records .* 0 missing.*, 6 purged/)
    const { out } = await purge('--before', NEXT_DAY, '--yes')
    assert.match(out, /stay for ever: its retention.ms is -1/)
    assert.equal(await lander.count('records'), 12)
    await verified(/records +passed: 36 records .* 0 missing.*, 24 purged/)
  })

  it('takes what has landed out of the topic where that is said, and landing goes on', async () => {
    const { code, err } = await purge('--all', '--tape-too', '--yes')
    assert.equal(code, 0, err)
    {
      await using tape = await place.open('read')
      for (const { earliest, end } of (await tape.trades.bounds()).values())
        assert.equal(earliest, end)
      const feed = (await tape.feed.bounds()).get(partition(0))
      assert.equal(feed?.earliest, offset((feed?.end ?? 0) - 1)) // its source is known by it
    }
    await verified(/records +passed: 0 records/)
    await record(NOON + DAY_MS)
    assert.equal((await lander.landAll()).code, 0)
    assert.equal(await lander.count('records'), 12)
    await verified(/records +passed: 12 records .* 0 missing/)
  })
})
