import assert from 'node:assert/strict'
import { after, beforeEach, describe, test } from 'node:test'
import { withoutAws } from '../../stack/aws/needs.ts'
import { RECORDS } from '../../src/market/tables.ts'
import { FileAnswer, FilesAnswer, LakeAnswer } from '../../src/serve/contract/lake.ts'
import { openCli, type Cli } from '../e2e/cli.ts'
import { MS_MAX, startAwsWorld } from './aws-world.ts'

const UP = ['up', 'AAPL', 'MSFT', '--port', '0', '--simulator-rate', '200', '--land-age', '1s']

type Line = { readonly check: string; readonly outcome: string; readonly says: string }
type Day = { readonly table: string; readonly rows: number }

const linesOf = (out: string): readonly unknown[] =>
  out
    .split('\n')
    .filter((line) => line !== '')
    .map((line): unknown => JSON.parse(line))

describe('ticklake with a lake on S3', { skip: withoutAws(), timeout: MS_MAX }, async () => {
  const world = await startAwsWorld()
  const cli: Cli = await openCli()
  after(async () => {
    await cli[Symbol.asyncDispose]()
    await world[Symbol.asyncDispose]()
  })
  const { aws } = world
  beforeEach(() => {
    aws.s3Faults.clear()
    aws.glueFaults.clear()
  })
  const env = {
    ...aws.env,
    TICKLAKE_FEED: 'simulator',
    TICKLAKE_LAKE: `s3://${aws.bucket}/lakes/cli`,
    TICKLAKE_CATALOG: `glue:${world.database()}`,
    TICKLAKE_S3_ENDPOINT: aws.s3,
    TICKLAKE_GLUE_ENDPOINT: aws.glue,
  }
  const ask = (args: readonly string[], more: Readonly<Record<string, string>> = {}) =>
    cli.start(args, { ...env, ...more }).ended
  const checks = async (more: Readonly<Record<string, string>> = {}) => {
    const { out, code } = await ask(['doctor', '--json'], more)
    const found = new Map((linesOf(out) as readonly Line[]).map((line) => [line.check, line]))
    return { code, at: (check: string) => found.get(check)?.outcome, found }
  }

  test('what is recorded lands there, and doctor says where', async () => {
    const before = await checks()
    assert.deepEqual(
      ['store', 'catalog', 'lake'].map(before.at),
      ['ok', 'skip', 'skip'],
      JSON.stringify([...before.found.values()]),
    )
    const up = cli.start(UP, env)
    const said = (await up.seen(/\nLake: (.*)\n/))[1]
    assert.equal(said, `${env.TICKLAKE_LAKE} (${env.TICKLAKE_CATALOG})`)
    await up.seen(/committed/)
    up.child.kill('SIGINT')
    assert.equal((await up.ended).code, 0)
    const days = linesOf((await ask(['ls', '--json'])).out) as readonly Day[]
    const rows = (name: string) =>
      days.reduce((sum, { table, rows }) => sum + (table === name ? rows : 0), 0)
    assert.ok(rows('records') > 0 && rows('feed_log') > 0)
    const { found, at, code } = await checks()
    assert.deepEqual(['store', 'catalog', 'lake'].map(at), ['ok', 'ok', 'ok'])
    assert.match(found.get('store')?.says ?? '', new RegExp(`${env.TICKLAKE_LAKE} at ${aws.s3}`))
    const lake = found.get('lake')?.says.replaceAll(',', '') ?? ''
    assert.ok(lake.endsWith(` ${rows('records')} rows`), lake)
    assert.equal(code, 0)
  })

  const laptop = { TICKLAKE_FEED: '', TICKLAKE_DATA: 'nothing/here' }
  const COUNT = 'SELECT count(*)::INT AS n FROM records'

  test('asking finds the tape beside, and without one asks the lake alone', async () => {
    const beside = await ask(['sql', '--json', COUNT], { TICKLAKE_FEED: '' })
    assert.deepEqual([beside.code, beside.err], [0, ''])
    const alone = await ask(['sql', '--format', 'ndjson', COUNT], laptop)
    assert.deepEqual([alone.code, alone.out], [0, beside.out])
    assert.match(alone.err, /^no tape here: answers reach to the last commit; .* simulated\n$/)
    for (const args of [
      ['gaps'],
      ['candles', 'AAPL', '--session', 'all', '--json'],
      ['ls'],
      ['ls', '--files'],
      ['inspect', '--snapshots'],
    ]) {
      const { code, out, err } = await ask(args, laptop)
      assert.ok(code === 0 && out !== '', `${args.join(' ')}: ${err}`)
    }
    const inspect = async (...args: readonly string[]): Promise<unknown> =>
      linesOf((await ask(['inspect', '--json', ...args], laptop)).out)[0]
    const { days } = LakeAnswer.parse(await inspect())
    const [file] = FilesAnswer.parse(await inspect(days[0]?.day ?? 'none')).files
    const { columns } = FileAnswer.parse(await inspect(file?.id ?? ''))
    assert.equal(columns.length, RECORDS.fields.length)
    const wrong = await ask(['sql', COUNT], { ...laptop, TICKLAKE_SOURCE: 'finnhub' })
    assert.equal(wrong.code, 78)
    assert.match(wrong.err, /holds trades of simulator, not of finnhub/)
    for (const args of [['verify'], ['tail', '--no-follow']]) {
      const { code, err } = await ask(args, laptop)
      assert.equal(code, 1)
      assert.match(err, /holds no tape yet.*\n.*needs the tape: run it where/)
    }
  })

  test('a slip in the database, the prefix or the settings is told as what it is', async () => {
    const typo = { TICKLAKE_CATALOG: 'glue:ticklake_markt' }
    const ls = await ask(['ls'], typo)
    assert.equal(ls.code, 0)
    assert.match(ls.err, /there is no table in glue:ticklake_markt/)
    const sql = await ask(['sql', '--json', COUNT], typo)
    assert.equal(sql.code, 0)
    assert.match(sql.err, /there is no table in glue:ticklake_markt/)
    const neither = await ask(['sql', COUNT], { ...typo, ...laptop })
    assert.equal(neither.code, 1)
    assert.match(neither.err, /no tape here, and no table in glue:ticklake_markt/)
    const verify = await ask(['verify'], typo)
    assert.equal(verify.code, 1)
    assert.match(verify.out, /records +FAILED: nothing has landed yet;/)
    const database = env.TICKLAKE_CATALOG.slice('glue:'.length)
    const prefix = { TICKLAKE_LAKE: `s3://${aws.bucket}/lakes/cil` }
    for (const command of [['ls'], ['sql', COUNT], ['land']]) {
      const { code, err } = await ask(command, prefix)
      assert.equal(code, 78, err)
      assert.match(
        err,
        new RegExp(
          `Glue database ${database} holds the tables of another lake: ${env.TICKLAKE_LAKE}, `,
        ),
      )
      assert.match(err, /Correct TICKLAKE_LAKE, or give this lake a database of its own/)
    }
    const keyless = {
      AWS_ACCESS_KEY_ID: '',
      AWS_SECRET_ACCESS_KEY: '',
      AWS_EC2_METADATA_DISABLED: 'true',
    }
    for (const command of [['ls'], ['sql', COUNT]])
      assert.equal((await ask(command, keyless)).code, 78)
    assert.equal((await ask(['sql', 'SELECT nothing'])).code, 2)
  })

  test('a lake that is away at the start is waited for', async () => {
    aws.s3Faults.inject({ kind: 'slow-down' })
    const land = cli.start(['land', '--land-age', '1s'], env)
    await land.seen(/waiting for the lake: .*SlowDown/)
    aws.s3Faults.clear()
    aws.glueFaults.inject({ kind: 'failed' })
    await land.seen(/waiting for the lake: Glue .*InternalServiceException/)
    aws.glueFaults.clear()
    await land.seen(/landing .*lake=s3:/)
    land.child.kill('SIGINT')
    assert.equal((await land.ended).code, 0)
  })

  test('what waiting cannot mend ends landing, with what to do', async () => {
    const missing = { TICKLAKE_LAKE: 's3://no-such-bucket-of-ours' }
    const { code, err } = await ask(['land'], missing)
    assert.equal(code, 78)
    assert.match(err, /s3:\/\/no-such-bucket-of-ours: NoSuchBucket.*\n.*Make the bucket/)
    const { at, code: failed } = await checks(missing)
    assert.equal(at('store'), 'fail')
    assert.equal(failed, 1)
  })
})
