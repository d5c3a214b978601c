import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { COMMANDS } from '../../src/cli/commands.ts'
import { referencePage } from '../../src/cli/reference.ts'
import { openCli, type Cli } from './cli.ts'

describe('the command line', () => {
  let cli: Cli
  before(async () => void (cli = await openCli()))
  after(async () => cli[Symbol.asyncDispose]())

  test('help begins with examples and names every command', async () => {
    const { code, out, err } = await cli.run('--help')
    assert.equal(code, 0, err)
    assert.ok(out.indexOf('Examples') < out.indexOf('Run'))
    for (const { name } of COMMANDS) assert.match(out, new RegExp(`\\b${name}\\b`))
  })

  test('every command has help with examples first', async () => {
    for (const { name } of COMMANDS) {
      const { code, out } = await cli.run(name, '--help')
      assert.equal(code, 0, name)
      assert.match(out, new RegExp(`^ticklake ${name}[^]*Examples\\n  `))
    }
  })

  test('without a command the help goes to stderr and the exit code says so', async () => {
    const { code, out, err } = await cli.run()
    assert.deepEqual([code, out], [2, ''])
    assert.match(err, /Examples/)
  })

  test('the version is on stdout, as JSON when asked', async () => {
    const { version } = JSON.parse(
      readFileSync(new URL('../../package.json', import.meta.url), 'utf8'),
    ) as { version: string }
    assert.equal((await cli.run('--version')).out, `ticklake ${version}\n`)
    const { out } = await cli.run('version', '--json')
    assert.equal((JSON.parse(out) as { ticklake: string }).ticklake, version)
  })

  test('what is unknown is refused with what was meant', async () => {
    const command = await cli.run('recrod')
    assert.equal(command.code, 2)
    assert.match(command.err, /did you mean record\?/)
    const flag = await cli.run('sql', '--formt', 'csv')
    assert.equal(flag.code, 2)
    assert.match(flag.err, /did you mean --format\?/)
  })

  test('errors are JSON on stderr with --json, wherever it stands', async () => {
    for (const args of [
      ['--json', 'sql', '--nope'],
      ['sql', '--nope', '--json'],
    ]) {
      const { code, out, err } = await cli.run(...args)
      assert.deepEqual([code, out], [2, ''])
      const { error } = JSON.parse(err) as { error: Record<string, string> }
      assert.deepEqual(Object.keys(error), ['kind', 'message', 'remedy'])
      assert.equal(error.kind, 'invalid')
    }
  })

  test('a typo in the settings file ends with 78 and names its line', async () => {
    const file = join(cli.dir, 'wrong.yaml')
    writeFileSync(file, 'port: 7400\nland:\n  aeg: 5s\n')
    for (const command of ['config', 'record', 'sql']) {
      const { code, err } = await cli.run(
        command,
        '--config',
        file,
        ...(command === 'sql' ? ['x'] : []),
      )
      assert.equal(code, 78, command)
      assert.match(err, /wrong\.yaml:3:3: unknown setting land\.aeg – did you mean land\.age\?/)
    }
  })

  test('a written settings file is right, and says where each setting comes from', async () => {
    const file = join(cli.dir, 'fresh.yaml')
    assert.equal((await cli.run('init', file)).code, 0)
    assert.equal((await cli.run('init', file)).code, 2)
    const { code, out } = await cli.run(
      'config',
      'show',
      '--origin',
      '--config',
      file,
      '--port',
      '1',
    )
    assert.equal(code, 0)
    assert.match(out, /^port +1 +flag --port$/m)
  })

  test('a key is never shown', async () => {
    const running = cli.start(['config', 'show', '--json'], { FINNHUB_TOKEN: 'very-secret-key' })
    const { code, out, err } = await running.ended
    assert.equal(code, 0)
    assert.doesNotMatch(out + err, /very-secret-key/)
    assert.match(out, /"finnhub\.token":\{"value":"\*\*\*"/)
  })

  test('what AWS settings come to is shown, with the place that it came from', async () => {
    const env = { AWS_REGION: 'eu-north-1', TICKLAKE_LAKE: 's3://bucket/ticks' }
    const { code, out } = await cli.start(['config', 'show', '--origin'], env).ended
    assert.equal(code, 0)
    assert.match(out, /^aws\.region +eu-north-1 +environment AWS_REGION$/m)
    assert.match(out, /^athena\.output +s3:\/\/bucket\/ticks-athena\/ +default$/m)
    const given = cli.start(['config', 'show', '--origin'], { ...env, TICKLAKE_AWS_REGION: 'eu-1' })
    assert.match((await given.ended).out, /^aws\.region +eu-1 +environment TICKLAKE_AWS_REGION$/m)
  })

  test('a lake that the settings cannot name ends asking with 78', async () => {
    for (const args of [['ls'], ['sql', 'SELECT 1'], ['verify'], ['gaps'], ['tail']]) {
      const { code, err } = await cli.run(...args, '--lake', 'gs://bucket')
      assert.equal(code, 78, `${args[0]}: ${err}`)
    }
  })

  test('a lost key beside a named lake is an error, not simulated trades', async () => {
    const { code, err } = await cli.run('record', '--lake', `file:${cli.dir}/lake`)
    assert.equal(code, 78)
    assert.match(err, /FINNHUB_TOKEN is not set/)
  })

  test('a reader that goes away ends it quietly', async () => {
    const shell = spawn('sh', [
      '-c',
      `"$0" "$1" config schema | head -1`,
      process.execPath,
      new URL('../../bin/ticklake.js', import.meta.url).pathname,
    ])
    let err = ''
    shell.stderr.setEncoding('utf8').on('data', (text: string) => (err += text))
    const code = await new Promise((resolve) => shell.once('close', resolve))
    assert.deepEqual([code, err], [0, ''])
  })

  test('asking before there is a tape says what to do', async () => {
    const { code, err } = await cli.run('sql', 'FROM trades')
    assert.equal(code, 1)
    assert.match(err, /ticklake up/)
  })

  test('docs/reference.md is what the commands and settings say', async () => {
    const written = readFileSync(new URL('../../docs/reference.md', import.meta.url), 'utf8')
    assert.equal(
      written,
      await referencePage(),
      'run: npm run -s ticklake -- config reference > docs/reference.md',
    )
  })
})
