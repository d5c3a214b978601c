import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { startSimulator } from '../../src/replay/simulator.ts'
import { FileAnswer, FilesAnswer, LakeAnswer } from '../../src/serve/contract/lake.ts'
import { openCli, type Cli } from './cli.ts'

/** A lake of a few commits, made once; the tests only look at it. */
describe('looking into the lake', { timeout: 120_000 }, () => {
  let cli: Cli
  const data = ['--data', 'recorded']
  before(async () => {
    cli = await openCli()
    await using feed = await startSimulator({ ratePerSecond: 500 })
    const record = cli.start(['record', '--feed', feed.url, ...data])
    await record.seen(/recording source=/)
    for (;;) {
      const { out } = await cli.run(
        'sql',
        '--json',
        'SELECT count(*)::INT AS n FROM records',
        ...data,
      )
      if (/"n":\d{3}/.test(out)) break
    }
    record.child.kill('SIGTERM')
    assert.equal((await record.ended).code, 0)
    const land = cli.start(['land', '--land-age', '1s', ...data])
    await land.seen(/committed table=records/)
    land.child.kill('SIGTERM')
    assert.equal((await land.ended).code, 0)
  })
  after(async () => cli[Symbol.asyncDispose]())

  const inspect = async (...args: readonly string[]): Promise<string> => {
    const { code, out, err } = await cli.run('inspect', ...args, ...data)
    assert.deepEqual([code, err], [0, ''], args.join(' '))
    return out
  }
  const inspected = async (...args: readonly string[]): Promise<unknown> =>
    JSON.parse(await inspect('--json', ...args))
  const whole = async (table: string) => LakeAnswer.parse(await inspected('--table', table))

  test('it says the same as the API', async () => {
    const serve = cli.start(['serve', '--port', '0', ...data])
    const [, url = ''] = await serve.seen(/url=(http:\S+)/)
    const api = async (path: string): Promise<unknown> => {
      const response = await fetch(new URL(path, url))
      assert.equal(response.status, 200, path)
      return await response.json()
    }
    for (const table of ['records', 'feed_log']) {
      const of = ['--table', table]
      const lake = await whole(table)
      assert.ok(lake.rows > 0)
      assert.deepEqual(await api(`/api/lake?table=${table}`), lake)
      const day = lake.days[0]?.day ?? 'none'
      const { files } = FilesAnswer.parse(await inspected(day, ...of))
      assert.deepEqual(await api(`/api/lake/files?table=${table}&day=${day}`), { files })
      const id = files[0]?.id ?? ''
      const file = await inspected(id, ...of)
      assert.deepEqual(await api(`/api/lake/file?table=${table}&id=${id}`), file)
      const snapshots = await inspected('--snapshots', ...of)
      assert.deepEqual(await api(`/api/lake/snapshots?table=${table}`), snapshots)
    }
    serve.child.kill('SIGTERM')
    assert.equal((await serve.ended).code, 0)
  })

  test('a file is found by its id, its name, or the end of its name, in either table', async () => {
    const { days } = await whole('feed_log')
    const { files } = FilesAnswer.parse(
      await inspected(days[0]?.day ?? 'none', '--table', 'feed_log'),
    )
    const [file] = files
    assert.ok(file)
    const named = [file.id, file.name, file.name.split('/').at(-1) ?? '']
    for (const name of named) assert.equal(FileAnswer.parse(await inspected(name)).id, file.id)
  })

  test('on a screen it is tables', async () => {
    const { days, rows, snapshot } = await whole('records')
    const day = days[0]?.day ?? ''
    const text = await inspect()
    assert.match(
      text,
      new RegExp(`snapshot ${snapshot} .*: .*${rows.toLocaleString('en-US')} rows`),
    )
    assert.match(text, /^DAY UTC +FILES +SMALL +ROWS +SIZE$/m)
    const [first] = FilesAnswer.parse(await inspected(day)).files
    assert.match(await inspect(day), new RegExp(`^${first?.id} .* ${first?.name}$`, 'm'))
    assert.match(await inspect(first?.id ?? ''), /^symbol +1 +VARCHAR +\S+ \w+ +0 +AAPL/m)
    assert.match(
      await inspect('--snapshots'),
      new RegExp(`^${snapshot} .* append .*ticklake$`, 'm'),
    )
    assert.equal(await inspect('no-time'), 'no files\n')
  })

  test('what is not there is told with what to do', async () => {
    const wrong: readonly (readonly [RegExp, ...(readonly string[])])[] = [
      [/no data file of records or feed_log is \.\.\/\.\.\/etc\/passwd/, '../../etc/passwd'],
      [/no data file of records is nothing/, 'nothing', '--table', 'records'],
      [/no day of the lake is written like this/, '2026-02-30'],
      [/--table takes records, feed_log, not trades/, '--table', 'trades'],
      [/--snapshots takes no day/, '--snapshots', '2026-11-20'],
    ]
    for (const [says, ...args] of wrong) {
      const { code, out, err } = await cli.run('inspect', ...args, ...data)
      assert.deepEqual([code, out], [2, ''], args.join(' '))
      assert.match(err, says)
      assert.equal(err.split('\n').length, 3, err)
    }
    const { code, err } = await cli.run('inspect', '--data', 'nowhere')
    assert.equal(code, 1)
    assert.match(err, /nowhere holds no tape yet|no tape/)
  })
})
