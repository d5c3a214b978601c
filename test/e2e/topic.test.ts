import assert from 'node:assert/strict'
import { createServer } from 'node:net'
import { after, before, describe, test } from 'node:test'
import { openCli, type Cli } from './cli.ts'

/** A port on which nobody listens. */
async function closedPort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()))
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  return typeof address === 'object' && address !== null ? address.port : 0
}

describe('ticklake topic without a topic', () => {
  let cli: Cli
  before(async () => void (cli = await openCli()))
  after(async () => cli[Symbol.asyncDispose]())

  const usage: readonly (readonly [readonly string[], RegExp])[] = [
    [[], /topic needs create or describe/],
    [['delete'], /topic takes create or describe, not delete/],
    [['create', 'another'], /one too many: another/],
    [['create', '--partitions', '0'], /--partitions takes a whole number from 1 to 10000, not 0/],
    [['create', '--partitions', 'eight'], /--partitions takes a whole number, not eight/],
    [['create', '--replication', '0'], /--replication takes a whole number from 1 to 100, not 0/],
    [
      ['create', '--retention', 'soon'],
      /--retention takes a duration such as 12h or 7d, or forever/,
    ],
    [['create', '--retention', '0s'], /--retention takes a duration/],
    [['create', '--partition', '8'], /did you mean --partitions\?/],
    [['describe', '--dry-run'], /--dry-run goes with topic create/],
  ]
  for (const [args, words] of usage)
    test(`topic ${args.join(' ')} is a wrong command line`, async () => {
      const { code, out, err } = await cli.run('topic', ...args, '--tape', 'kafka://127.0.0.1:9')
      assert.deepEqual([code, out], [2, ''])
      assert.match(err, words)
    })

  test('a wrong command line is JSON too where that is asked for', async () => {
    const { code, err } = await cli.run('topic', 'create', '--partitions', '0', '--json')
    assert.equal(code, 2)
    const { error } = JSON.parse(err) as { error: Record<string, string> }
    assert.deepEqual(Object.keys(error), ['kind', 'message', 'remedy'])
  })

  for (const what of ['create', 'describe'])
    test(`topic ${what} of a tape that is not on Kafka ends with 78 and says how to name one`, async () => {
      const { code, err } = await cli.run('topic', what)
      assert.equal(code, 78)
      assert.match(err, /is not on Kafka\n {2}Name it with --tape kafka:\/\/HOST:9092\/TOPIC/)
    })

  for (const what of ['create', 'describe'])
    test(`topic ${what} without a broker ends with 1 and promises no second try`, async () => {
      const tape = `kafka://127.0.0.1:${await closedPort()}`
      const { code, err } = await cli.run('topic', what, '--tape', tape)
      assert.equal(code, 1)
      assert.match(err, /cannot reach the broker 127\.0\.0\.1:\d+/)
      assert.match(err, /See that the brokers run and can be reached from here, then ask again/)
    })

  test('doctor says that no broker is reached, and skips what needs one', async () => {
    const tape = `kafka://127.0.0.1:${await closedPort()}`
    const { code, out } = await cli.run(
      'doctor',
      '--offline',
      '--json',
      '--tape',
      tape,
      '--feed',
      'simulator',
    )
    assert.equal(code, 0, out)
    const online = await cli.run('doctor', '--json', '--tape', tape, '--feed', 'simulator')
    assert.equal(online.code, 1)
    const words = (text: string) =>
      text
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as { check: string; outcome: string })
        .filter(({ check }) => ['broker', 'rights', 'topic', 'tape', 'lake'].includes(check))
        .map(({ check, outcome }) => `${check} ${outcome}`)
    assert.deepEqual(words(out), ['tape skip', 'lake skip'])
    assert.deepEqual(words(online.out), ['broker fail', 'lake skip'])
  })
})
