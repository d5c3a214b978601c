import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { seededRandom } from '../../src/flow/random.ts'
import type { FeedEvent } from '../../src/market/feed-events.ts'
import { tradeText } from '../../src/replay/frame.ts'
import { createMarket } from '../../src/replay/simulated-market.ts'
import { startAws, type Aws } from '../../stack/aws.ts'
import { withoutAws } from '../../stack/aws/needs.ts'
import { startKafka, type Kafka } from '../../stack/kafka.ts'
import { withoutKafka } from '../../stack/kafka/needs.ts'
import { startTrino, type Trino } from '../../stack/trino.ts'
import { withoutTrino } from '../../stack/trino/needs.ts'
import { run } from '../crash/processes.ts'
import { openCli, type Cli } from '../e2e/cli.ts'
import { block } from '../fixtures/small-lake.ts'
import { readGlueLake, withoutGlueLake } from '../readers/glue-lake.ts'
import { readByJava } from '../readers/iceberg-java.ts'
import { PYTHON } from '../readers/python.ts'
import { CHECKSUM_SQL } from '../readers/reading.ts'
import { landerOf, makePlace, type Lander, type Place } from './kafka-world.ts'

const BARS_OF_TOPIC = new URL('../readers/bars_of_topic.py', import.meta.url).pathname
const DATABASE = 'engines'
const DAYS = ['2026-11-19', '2026-11-20'] as const
const SYMBOLS = ['AAPL', 'MSFT', 'F', 'BRK.B', 'BINANCE:BTCUSDT']
/** Hours of New York on a November day, UTC: before, during and after the session. */
const HOURS = { from: 13, open: 14.5, close: 21, to: 23 } as const
const HOUR_MS = 3_600_000
/** Sums of doubles depend on the order in which an engine adds them. */
const SUM_ERROR = 1e-12

const skip = withoutKafka() || withoutAws() || withoutTrino() || withoutGlueLake()

type Row = Readonly<Record<string, unknown>>

describe('Kafka → land → S3 and Glue, asked by everybody', { skip }, () => {
  let kafka: Kafka
  let aws: Aws
  let trino: Trino
  let cli: Cli
  let place: Place
  let lander: Lander
  let python: { readonly trades: readonly Row[]; readonly bars: readonly Row[] }

  before(async () => {
    ;[kafka, aws] = await Promise.all([startKafka({ version: '4' }), startAws()])
    trino = await startTrino({ aws })
    place = await makePlace(kafka, { partitions: 3 })
    cli = await openCli({
      ...aws.env,
      TICKLAKE_LAKE: `s3://${aws.bucket}/engines`,
      TICKLAKE_CATALOG: `glue:${DATABASE}`,
      TICKLAKE_S3_ENDPOINT: aws.s3,
      TICKLAKE_GLUE_ENDPOINT: aws.glue,
      TICKLAKE_TRINO_URL: `${trino.url}/${trino.catalog}/${DATABASE}`,
    })
    lander = landerOf(cli, place)
    for (const day of DAYS) await record(place, day)
    const landed = await lander.landAll()
    assert.equal(landed.code, 0, landed.err)
    const ddl = await cli.run('aws', 'ddl', '--engine', 'trino', '--json', ...lander.args)
    assert.equal(ddl.code, 0, ddl.err)
    for (const { sql, needed } of lines(ddl.out)) if (needed === true) await trino.run(String(sql))
    const read = await run(PYTHON, [BARS_OF_TOPIC, kafka.bootstrap, place.topic], {
      dir: process.cwd(),
      env: {},
    })
    assert.equal(read.code, 0, read.stderr)
    python = JSON.parse(read.stdout) as typeof python
  })
  after(async () => {
    await cli?.[Symbol.asyncDispose]()
    await trino?.[Symbol.asyncDispose]()
    await aws?.[Symbol.asyncDispose]()
    await kafka?.[Symbol.asyncDispose]()
  })

  const asked = async (engine: 'duckdb' | 'trino', sql: string) => {
    const { code, out, err } = await cli.run(
      'sql',
      ...lander.args,
      '--engine',
      engine,
      '--format',
      'ndjson',
      sql,
    )
    assert.equal(code, 0, err)
    return lines(out)
  }

  test('trades are the same by DuckDB, by Trino and by Python, to the last digit', async () => {
    const sql = (ms: string) => `SELECT symbol, ${ms} AS ms, price, volume, conditions,
      tape_partition AS "partition", tape_offset AS "offset"
      FROM trades ORDER BY tape_partition, tape_offset`
    assert.ok(python.trades.length > 2000)
    assert.deepEqual(await asked('duckdb', sql('epoch_ms(ts)')), python.trades)
    assert.deepEqual(await asked('trino', sql(TRINO_MS('ts'))), python.trades)
  })

  test('one-minute bars are the same by DuckDB, by Trino and by Python', async () => {
    const sql = (ms: string) => `SELECT symbol, session, ${ms} AS bucket_ms, open, high, low, close,
      volume, trades, vwap FROM bars_1m ORDER BY symbol, session, bucket`
    assert.ok(python.bars.length > 500)
    const sessions = new Set(python.bars.map(({ session }) => session))
    assert.deepEqual(sessions, new Set(['continuous', 'pre', 'regular', 'post']))
    assertSame(await asked('duckdb', sql('epoch_ms(bucket)')), python.bars)
    assertSame(await asked('trino', sql(TRINO_MS('bucket'))), python.bars)
  })

  test('pyiceberg and Iceberg’s Java library find the same rows by the same name', async () => {
    const [ours] = await asked(
      'duckdb',
      `SELECT count(*) AS "rows", ${CHECKSUM_SQL.duckdb} AS checksum FROM records`,
    )
    for (const read of [readGlueLake, readByJava]) {
      const { rows, checksum } = await read({ table: `${DATABASE}.records`, env: aws.env })
      assert.deepEqual({ rows, checksum }, ours)
    }
  })

  test('a day opens 1/n of the files, a symbol few, an absent symbol none, in Trino and in DuckDB', async (t) => {
    const compacted = await cli.run('compact', ...lander.args, '--table', 'records')
    assert.equal(compacted.code, 0, compacted.err)
    const { files: all } = await readGlueLake({ table: `${DATABASE}.records`, env: aws.env })
    const [day] = DAYS
    const isDay = `ts >= TIMESTAMP '${day} 00:00:00' AND ts < TIMESTAMP '${day} 00:00:00' + INTERVAL '1' DAY`
    const opened: Record<string, number> = {}
    for (const [what, where] of Object.entries({
      all: 'true',
      day: isDay,
      symbol: `symbol = 'AAPL'`,
      absent: `symbol = 'ZZZZ'`,
    })) {
      const rows = await trino.query(
        `EXPLAIN ANALYZE VERBOSE SELECT count(price) FROM records WHERE ${where}`,
        { schema: DATABASE },
      )
      const text = rows.flat().join('\n')
      t.diagnostic(
        `${what}: ${text
          .split('\n')
          .filter((line) => /'(dataFiles|dataManifests)'/.test(line))
          .map((line) => line.trim())
          .join(', ')}`,
      )
      opened[what] = Number(/'dataFiles' = LongCount\{total=(\d+)\}/.exec(text)?.[1] ?? 0)
    }
    t.diagnostic(JSON.stringify({ files: all, ...opened }))
    assert.equal(opened['all'], all)
    assert.equal(opened['day'], 1)
    assert.ok((opened['symbol'] ?? 0) <= DAYS.length)
    assert.equal(opened['absent'], 0)
  })

  test('verify proves the lake on S3 against the topic', async () => {
    const { code, out } = await lander.verify()
    assert.equal(code, 0, out)
  })
})

const TRINO_MS = (column: string) => `CAST(floor(to_unixtime(${column}) * 1000 + 0.5) AS bigint)`

const lines = (text: string): readonly Row[] =>
  text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Row)

/** All of a row is equal; sums of doubles are within what the order of adding can make. */
function assertSame(found: readonly Row[], wanted: readonly Row[]): void {
  const sums = ['volume', 'vwap']
  const exact = (rows: readonly Row[]) =>
    rows.map((row) => Object.entries(row).filter(([name]) => !sums.includes(name)))
  assert.deepEqual(exact(found), exact(wanted))
  found.forEach((row, i) => {
    for (const sum of sums) {
      const [a, b] = [Number(row[sum]), Number(wanted[i]?.[sum])]
      if (row[sum] === wanted[i]?.[sum]) continue
      assert.ok(Math.abs(a - b) <= SUM_ERROR * Math.abs(b), `${a} ≠ ${b}`)
      // Whole shares add up exactly in any order.
      assert.ok(sum === 'vwap' || row['session'] === 'continuous', `${a} ≠ ${b}`)
    }
  })
}

/** A day of the simulator's market onto the tape: three sessions, a block delivered again, and what is no trade. */
async function record(place: Place, day: string): Promise<void> {
  const midnight = Date.parse(`${day}T00:00:00Z`)
  const at = (hour: number) => midnight + hour * HOUR_MS
  const market = createMarket({
    random: seededRandom(midnight / 1000),
    symbols: SYMBOLS,
    ratePerSecond: 0.05,
    activity: () => 1,
    regular: (ms) => ms >= at(HOURS.open) && ms < at(HOURS.close),
  })
  await using tape = await place.open('write')
  const trades = market.advance(at(HOURS.from), at(HOURS.to))
  const texts = trades.map(tradeText)
  const events: FeedEvent[] = [block(texts, at(HOURS.to)), block(['{"p":', '7'], at(HOURS.to))]
  const again = block(texts.slice(0, 50), at(HOURS.to))
  if (again.kind === 'records') again.records.redelivered.fill(1)
  await tape.append([...events, again])
}
