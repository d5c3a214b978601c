import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import type { Status } from '../../src/serve/contract/status.ts'
import { openCli, type Cli, type Running } from './cli.ts'

/** One market, recorded throughout; the tests go on from each other. */
describe('up with a simulated market', { timeout: 120_000 }, () => {
  let cli: Cli
  let up: Running
  let url = ''
  before(async () => {
    cli = await openCli()
    up = cli.start(['up', '--port', '0', '--land-age', '1s', '--simulator-rate', '200'])
    url = (await up.seen(/ticklake is up: (http:\S+)/))[1] ?? ''
  })
  after(async () => cli[Symbol.asyncDispose]())

  const statusNow = async (): Promise<Status> =>
    (await (await fetch(new URL('/api/status', url))).json()) as Status
  /** Asks again until it holds; the test's own time limit is the bound. */
  const until = async <T>(ask: () => Promise<T | null>): Promise<T> => {
    for (;;) {
      const answer = await ask()
      if (answer !== null) return answer
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
  }
  const rows = async (sql: string): Promise<readonly Record<string, unknown>[]> => {
    const { code, out, err } = await cli.run('sql', sql, '--json')
    assert.equal(code, 0, err)
    return out
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Record<string, unknown>)
  }
  const recorded = (more: number) =>
    until(async () => {
      const { tape } = await statusNow()
      return tape.records > more ? tape.records : null
    })
  const pidOf = (part: string) =>
    until(async () => (await statusNow()).parts.find((one) => one.part === part)?.pid ?? null)

  test('trades flow, and the page says that they are simulated', async () => {
    await recorded(300)
    const { simulated, state } = await until(async () => {
      const now = await statusNow()
      return now.state.name === 'Simulated' ? now : null
    })
    assert.deepEqual([simulated, state.name], [true, 'Simulated'])
    const metrics = await (await fetch(new URL('/metrics', url))).text()
    assert.match(metrics, /^ticklake_trades_received_total \d+$/m)
    assert.match(metrics, /^ticklake_part_up\{part="land"\} 1$/m)
    assert.equal((await fetch(new URL('/readyz', url))).status, 200)
  })

  test('SQL sees rows of lake and tape, all of one source', async () => {
    const before = Date.now()
    const [row] = await rows(
      'SELECT count(*) n, count(DISTINCT source) sources, any_value(source) AS source, epoch_ms(max(received_at)) newest FROM trades',
    )
    assert.ok(Number(row?.n) > 0)
    assert.deepEqual([row?.sources, row?.source], [1, 'simulator'])
    // What came in the second before it was asked is there: it cannot have landed yet.
    assert.ok(
      Number(row?.newest) > before - 1000,
      `newest is ${before - Number(row?.newest)} ms old`,
    )
  })

  test('a killed recorder is started again, and what it missed is a gap', async () => {
    const pid = await pidOf('record')
    const killed = Date.now()
    process.kill(pid, 'SIGKILL')
    await up.seen(/record ended \(SIGKILL\); starting it again/)
    await until(async () => {
      const over = `symbol IS NULL AND NOT open AND ${killed} BETWEEN epoch_ms(from_ts) AND epoch_ms(to_ts)`
      const [gap] = await rows(`FROM gaps WHERE ${over}`)
      return gap ?? null
    })
    await until(async () => {
      const now = (await statusNow()).parts.find(({ part }) => part === 'record')?.pid
      return now !== undefined && now !== pid ? true : null
    })
  })

  test('a killed lander goes on where the lake ends', async () => {
    const pid = await pidOf('land')
    process.kill(pid, 'SIGKILL')
    await up.seen(/land ended \(SIGKILL\); starting it again/)
    await until(async () => {
      const now = (await statusNow()).parts.find(({ part }) => part === 'land')?.pid
      return now !== undefined && now !== pid ? true : null
    })
    const { tape } = await statusNow()
    await recorded(tape.records + 100)
  })

  test('one Ctrl-C drains all parts and ends with 0', async () => {
    up.child.kill('SIGINT')
    const { code, err } = await up.ended
    assert.equal(code, 0, err)
    const order = ['record', 'simulator', 'land', 'serve'].map((part) =>
      err.indexOf(`stopping ${part}`),
    )
    assert.deepEqual(
      order,
      order.toSorted((a, b) => a - b),
    )
    assert.ok(!order.includes(-1), err)
  })

  test('everything on the tape has landed, and verify proves it', async () => {
    const { code, out, err } = await cli.run('verify', '--json')
    assert.equal(code, 0, `${out}${err}`)
    const { passed, tables } = JSON.parse(out) as {
      passed: boolean
      tables: readonly { table: string; records: number }[]
    }
    assert.equal(passed, true)
    const [row] = await rows('SELECT count(*) n FROM records')
    assert.equal(tables.find(({ table }) => table === 'records')?.records, row?.n)
    const { out: listed } = await cli.run('ls', '--json')
    const landed = listed
      .split('\n')
      .filter((line) => line.includes('"records"'))
      .reduce((sum, line) => sum + (JSON.parse(line) as { rows: number }).rows, 0)
    assert.equal(landed, row?.n)
  })

  test('tail, candles, gaps and doctor answer from what is there', async () => {
    const tail = await cli.run('tail', '-n', '3', '--no-follow')
    assert.equal(tail.out.trim().split('\n').length, 3, tail.err)
    const candles = await cli.run('candles', 'BINANCE:BTCUSDT', '--json')
    assert.match(candles.out, /"session":"continuous"/, candles.err)
    assert.match((await cli.run('gaps')).out, /still open +[\d.]+ \w+ .* all$/m)
    const doctor = await cli.run('doctor', '--offline', '--json', '--port', '0')
    assert.equal(doctor.code, 0, doctor.out)
    const csv = join(cli.dir, 'out.csv')
    assert.equal((await cli.run('sql', 'FROM trades LIMIT 7', '-o', csv)).code, 0)
    assert.equal(readFileSync(csv, 'utf8').trimEnd().split('\r\n').length, 8)
  })

  test('a supervisor that dies takes its parts with it, drained', async () => {
    const again = cli.start(['up', '--port', '0'])
    await again.seen(/ticklake is up/)
    await again.seen(/recording source=simulator/)
    again.child.kill('SIGKILL')
    await again.ended
    // The parts hold the pipes: they are closed when the last of them has ended.
    assert.equal((await cli.run('verify')).code, 0)
  })
})
