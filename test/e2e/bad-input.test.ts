import assert from 'node:assert/strict'
import { mkdtemp, rm, stat, truncate, writeFile, mkdir } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { startReplay } from '../../src/replay/serve-replay.ts'
import { startSimulator } from '../../src/replay/simulator.ts'
import { placeOf } from '../crash/kills.ts'
import { start, ticklake, type Place } from '../crash/processes.ts'

/** Long enough for a process to start, connect and write, also on a busy machine. */
const WAIT_MS_MAX = 30_000
const HOUR_BACK = 'data:text/javascript,const%20now=Date.now;Date.now=()=>now()-3600000'
const encoder = new TextEncoder()

async function folder(t: TestContext): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'ticklake-bad-'))
  t.after(() => rm(dir, { recursive: true, force: true }))
  return dir
}

/** Records until the tape answers `query` with at least `rows`, then drains; the exit code. */
async function recordUntil(place: Place, query: string, rows: number): Promise<number | null> {
  const record = start('record', ['record'], place)
  const latest = Date.now() + WAIT_MS_MAX
  while (record.running() && Date.now() < latest) {
    if ((await count(place, query)) >= rows) break
    await delay(200)
  }
  record.signal('SIGTERM')
  return (await record.exited).code
}

async function count(place: Place, query: string): Promise<number> {
  const { stdout } = await ticklake(
    ['sql', '--json', `SELECT count(*)::INT AS n FROM ${query}`],
    place,
  )
  return stdout === '' ? 0 : (JSON.parse(stdout) as { n: number }).n
}

const trade = (i: number) =>
  `{"c":["1"],"p":${100 + i},"s":"AAPL","t":${Date.UTC(2026, 10, 20, 15) + i},"v":1}`

describe('bad input', () => {
  it('a frame of 20 MB and half a frame are written down, and the trades around them kept', async (t) => {
    const big = `{"type":"trade","data":[${trade(1)}],"x":"${'x'.repeat(20_000_000)}"}`
    const frames = [
      `{"type":"trade","data":[${trade(0)}]}`,
      big,
      `{"type":"trade","data":[${trade(2)}`,
      `{"type":"trade","data":[${trade(3)},{"p":"one"},null]}`,
    ]
    const source = {
      async *[Symbol.asyncIterator]() {
        for (const text of frames) yield { atMs: null, bytes: encoder.encode(text), symbols: null }
      },
    }
    await using feed = await startReplay({ source, speed: 'max' })
    const place = placeOf(await folder(t), feed.url)
    assert.equal(await recordUntil(place, 'records', 4), 0)
    assert.equal(await count(place, 'trades'), 2)
    assert.equal(await count(place, 'dead_letters'), 2)
    const unreadable = `feed_log WHERE kind = 'unreadable' AND octet_length(bytes) <= 65536`
    assert.equal(await count(place, unreadable), 2)
  })

  it('a folder that is no lake is refused before anything is written in it', async (t) => {
    await using feed = await startSimulator()
    const place = placeOf(await folder(t), feed.url)
    assert.equal(await recordUntil(place, 'records', 1), 0)
    await mkdir(join(place.dir, 'data', 'lake'), { recursive: true })
    await writeFile(join(place.dir, 'data', 'lake', 'holiday.jpg'), 'not a table')
    const { code, stderr } = await ticklake(['land'], place)
    assert.equal(code, 78, stderr)
    assert.match(stderr, /is not a lake: it holds other things \(holiday\.jpg\)/)
  })

  it('a tape cut in the middle stops the lander, names the damage and keeps what has landed', async (t) => {
    await using feed = await startSimulator({ ratePerSecond: 3_000 })
    const place = placeOf(await folder(t), feed.url)
    assert.equal(await recordUntil(place, 'records', 6_000), 0)
    const land = start('land', ['land'], place)
    await delay(2_500)
    land.signal('SIGTERM')
    assert.equal((await land.exited).code, 0)
    const tape = join(place.dir, 'data', 'tape', 'tape.db')
    await truncate(tape, Math.floor((await stat(tape)).size / 2))
    const landed = await ticklake(['land'], place)
    assert.equal(landed.code, 1, landed.stderr)
    assert.match(landed.stderr, /tape\.db/)
    const recorded = await ticklake(['record'], place)
    assert.equal(recorded.code, 1, recorded.stderr)
    assert.ok((await count(place, 'records')) >= 6_000)
    const verified = await ticklake(['verify'], place)
    assert.equal(verified.code, 1, verified.stderr)
  })

  it('a clock an hour back refuses to record, for it would make good trades defects', async (t) => {
    await using feed = await startSimulator()
    const place = placeOf(await folder(t), feed.url)
    const wrong = { ...place, env: { ...place.env, NODE_OPTIONS: `--import ${HOUR_BACK}` } }
    const { code, stderr } = await ticklake(['record'], wrong)
    assert.equal(code, 78, stderr)
    assert.match(stderr, /clock is (59|60) min/)
  })
})
