import assert from 'node:assert/strict'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { readFileSync } from 'node:fs'
import { after, before, describe, test } from 'node:test'
import { SETTINGS } from '../../src/config/settings.ts'
import { openCli, type Cli } from './cli.ts'

const COLUMNS = [
  { name: 'n', type: 'bigint', typeSignature: { rawType: 'bigint', arguments: [] } },
  { name: 't', type: 'varchar', typeSignature: { rawType: 'varchar', arguments: [] } },
]
const LAKE = ['--lake', 's3://some-bucket/x', '--feed', 'simulator']

/** What speaks Trino's protocol: `SELECT` is answered, `WITH` runs for ever. */
async function standIn(): Promise<{ url: string; asked: string[]; server: Server }> {
  const asked: string[] = []
  const server = createServer((request, response) => {
    let sql = ''
    request.setEncoding('utf8').on('data', (text: string) => (sql += text))
    request.on('end', () => {
      asked.push(`${request.method} ${request.url}${sql === '' ? '' : ` ${sql}`}`)
      const stats = {
        state: sql.startsWith('SELECT') ? 'FINISHED' : 'RUNNING',
        completedSplits: 1,
        totalSplits: 5,
        physicalInputBytes: 12_300_000,
      }
      const data = [
        ['BIG', 'x'],
        [2, null],
      ]
      const page = sql.startsWith('SELECT')
        ? { id: 'q', stats, columns: COLUMNS, data }
        : { id: 'q', stats, nextUri: `${url}/next` }
      const text = JSON.stringify(page).replace('"BIG"', '9007199254740993')
      setTimeout(() => response.end(text), request.url === '/next' ? 100 : 0)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return { url, asked, server }
}

describe('sql --engine trino', () => {
  let cli: Cli
  let trino: Awaited<ReturnType<typeof standIn>>
  before(async () => {
    cli = await openCli()
    trino = await standIn()
  })
  after(async () => {
    trino.server.closeAllConnections()
    trino.server.close()
    await cli[Symbol.asyncDispose]()
  })
  const sql = (args: readonly string[], env: Readonly<Record<string, string>> = {}) =>
    cli.start(['sql', '--engine', 'trino', ...args], { TICKLAKE_TRINO_URL: trino.url, ...env })

  test('shows the answer, and on stderr what the engine sees and what it read', async () => {
    const { code, out, err } = await sql(['SELECT n, t']).ended
    assert.equal(code, 0, err)
    assert.match(out, /9007199254740993 {2}x\n {15}2 {2}∅\n$/)
    assert.match(err, /^Trino sees what has landed, not the tape after it/)
    assert.match(err, /\nscanned 12\.3 MB · 5 splits · \d\.\d s\n$/)
  })

  test('answers in every format, into a file too, and no more rows than it shall', async () => {
    assert.equal(
      (await sql(['--format', 'csv', 'SELECT 1']).ended).out,
      'n,t\r\n9007199254740993,x\r\n2,\r\n',
    )
    const json = await sql(['--json', 'SELECT 1']).ended
    assert.equal(json.out, '{"n":9007199254740993,"t":"x"}\n{"n":2,"t":null}\n')
    const cost = JSON.parse(json.err) as Record<string, unknown>
    assert.deepEqual([cost['scanned_bytes'], cost['cost_usd']], [12_300_000, null])
    const file = join(cli.dir, 'a.ndjson')
    const limited = await sql(['-o', file, '--max-rows', '1', 'SELECT 1']).ended
    assert.equal(limited.code, 0, limited.err)
    assert.equal(readFileSync(file, 'utf8'), '{"n":9007199254740993,"t":"x"}\n')
    const parquet = join(cli.dir, 'a.parquet')
    assert.equal((await sql(['-o', parquet, 'SELECT 1']).ended).code, 0)
    const { out } = await cli.run('sql', '--format', 'csv', `SELECT typeof(n), n FROM '${parquet}'`)
    assert.equal(out, '', 'our own engine reads the lake alone')
    assert.equal(readFileSync(parquet).subarray(0, 4).toString(), 'PAR1')
  })

  test('is cancelled at the server by Ctrl-C', async () => {
    const running = sql(['WITH a AS (SELECT 1) SELECT * FROM a'])
    while (!trino.asked.includes('GET /next')) await new Promise((go) => setTimeout(go, 20))
    running.child.kill('SIGINT')
    const { code, err } = await running.ended
    assert.equal(code, 130)
    assert.match(err, /cancelled\n$/)
    assert.equal(trino.asked.at(-1), 'DELETE /next')
  })

  test('sends nothing that writes', async () => {
    const before = trino.asked.length
    const { code, err } = await sql(['DELETE FROM records']).ended
    assert.deepEqual([code, trino.asked.length], [2, before])
    assert.match(err, /DELETE does more than read/)
  })

  test('keeps the password to itself, and sends none over http', async () => {
    const secret = { TICKLAKE_TRINO_PASSWORD: 'opensesame' }
    const { code, err } = await sql(['SELECT 1'], secret).ended
    assert.equal(code, 2)
    assert.match(err, /would go over http/)
    const within = { TICKLAKE_TRINO_URL: 'https://a:opensesame@h' }
    const wrong = await sql(['SELECT 1'], within).ended
    assert.match(wrong.err, /carries a password/)
    const shown = await cli.start(['config', 'show'], secret).ended
    const noFile = await sql(['SELECT 1'], { TICKLAKE_TRINO_PASSWORD_FILE: 'none' }).ended
    assert.equal(noFile.code, 78)
    assert.match(noFile.err, /the file of the Trino password, is missing/)
    for (const text of [err, wrong.err, wrong.out, shown.out])
      assert.doesNotMatch(text, /opensesame/)
  })

  test('asks for what it needs to be told', async () => {
    const nowhere = await cli.run('sql', '--engine', 'trino', 'SELECT 1')
    assert.equal(nowhere.code, 2)
    assert.match(nowhere.err, /trino\.url is not set\n.*TICKLAKE_TRINO_URL/)
    const local = await cli.run('sql', '--engine', 'athena', 'SELECT 1')
    assert.equal(local.code, 2)
    assert.match(local.err, /Athena cannot read this lake: it lies in/)
    const typo = await cli.run('sql', '--engine', 'trion', 'SELECT 1')
    assert.equal(typo.code, 2)
    assert.match(typo.err, /did you mean trino\?/)
  })
})

describe('aws', () => {
  let cli: Cli
  before(async () => void (cli = await openCli()))
  after(async () => cli[Symbol.asyncDispose]())

  test('ddl prints statements to paste; tables that land makes are not run by that', async () => {
    const athena = await cli.run('aws', 'ddl', ...LAKE)
    assert.equal(athena.code, 0, athena.err)
    assert.match(
      athena.out,
      /^CREATE DATABASE IF NOT EXISTS `market` LOCATION 's3:\/\/some-bucket\/x\/market\/';$/m,
    )
    assert.match(athena.out, /^CREATE OR REPLACE VIEW "market"\."trades" AS/m)
    assert.doesNotMatch(athena.out, /^CREATE TABLE/m)
    const trino = await cli.run('aws', 'ddl', '--engine', 'trino', '--json', ...LAKE)
    const names = trino.out
      .trim()
      .split('\n')
      .map((line) => (JSON.parse(line) as { name: string }).name)
    assert.ok(
      ['market', 'records', 'trades', 'bars_1m', 'gaps'].every((name) => names.includes(name)),
    )
    assert.match(trino.out, /\\"lake\\"\.\\"market\\"\.\\"trades\\"/)
  })

  test('a lake on this disk is none that AWS can read', async () => {
    for (const word of ['ddl', 'doctor']) {
      const { code, err } = await cli.run('aws', word)
      assert.equal(code, 78, word)
      assert.match(err, /TICKLAKE_LAKE=s3:\/\/BUCKET\/PREFIX/)
    }
  })

  test('what is not asked rightly is refused before anything is', async () => {
    for (const [args, words] of [
      [[], /aws needs ddl, setup or doctor/],
      [['steup'], /not steup/],
      [['doctor', '--yes'], /--yes goes with aws setup/],
      [['setup', '--engine', 'trino'], /--engine goes with aws ddl/],
      [['ddl', '--engine', 'duckdb'], /--engine takes athena, trino/],
      [['setup', ...LAKE], /nobody is there to agree/],
    ] as const) {
      const { code, err } = await cli.run('aws', ...args)
      assert.equal(code, 2, err)
      assert.match(err, words)
    }
  })

  test('answers of Athena are not put into the lake', async () => {
    const inside = ['--athena-output', 's3://some-bucket/x/answers']
    const { code, err } = await cli.run('aws', 'doctor', ...LAKE, ...inside)
    assert.equal(code, 78)
    assert.match(err, /which lies in the lake/)
  })

  test('docs/aws.md has policies that parse, and names settings that there are', () => {
    const text = readFileSync(new URL('../../docs/aws.md', import.meta.url), 'utf8')
    const policies = [...text.matchAll(/^```json\n([^]*?)^```/gm)].map(([, json = '']) => json)
    assert.equal(policies.length, 3)
    for (const policy of policies) {
      const { Statement } = JSON.parse(policy) as { Statement: { Effect: string }[] }
      assert.ok(Statement.every(({ Effect }) => Effect === 'Allow'))
    }
    const known = new Set<string>(Object.values(SETTINGS).map(({ env }) => env))
    const named = [...text.matchAll(/TICKLAKE_[A-Z_]+/g)].map(([name]) => name)
    assert.deepEqual(
      named.filter((name) => !known.has(name)),
      [],
    )
  })
})
