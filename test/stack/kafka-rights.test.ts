import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { after, before, describe, it } from 'node:test'
import { systemClock } from '../../src/flow/clock.ts'
import { silent } from '../../src/flow/log.ts'
import { noMetrics } from '../../src/flow/metrics.ts'
import { systemRandom } from '../../src/flow/random.ts'
import { openCluster } from '../../src/tape/kafka/cluster.ts'
import { OPEN } from '../../src/tape/kafka/security.ts'
import { startKafka, type Kafka } from '../../stack/kafka.ts'
import { openCli, type Cli } from '../e2e/cli.ts'

/** Numbers of the protocol (ResourceType, PatternType, AclOperation, AclPermissionType). */
const RESOURCES = { topic: 2, group: 3 } as const
const PREFIXED = 4 as const
const OPERATIONS = { READ: 3, WRITE: 4, CREATE: 5, DESCRIBE_CONFIGS: 10 } as const
const ALLOW = 3 as const
type Right = readonly [keyof typeof RESOURCES, string, keyof typeof OPERATIONS]

/** What docs/operating.md tells an operator to give, for the topic `kafka_finnhub`. */
function documented(): readonly Right[] {
  const text = readFileSync(new URL('../../docs/operating.md', import.meta.url), 'utf8')
  const commands = text.matchAll(/^kafka-acls\.sh (?:.*\\\n)*.*$/gm)
  return [...commands].flatMap(([command]): readonly Right[] => {
    const [, kind, name = ''] = /--(topic|group) (\S+)/.exec(command) ?? []
    assert.match(command, /--resource-pattern-type prefixed/)
    const operations = [...command.matchAll(/--operation (\w+)/g)].map(([, word]) => word)
    return operations.map((word) => [kind as Right[0], name, word as Right[2]])
  })
}

describe('the rights that docs/operating.md lists', { timeout: 180_000 }, () => {
  let kafka: Kafka
  let cli: Cli
  before(async () => {
    const properties = {
      'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer',
      'super.users': 'User:ANONYMOUS',
    }
    kafka = await startKafka({ version: '4', security: true, properties })
    cli = await openCli()
  })
  after(async () => {
    await cli[Symbol.asyncDispose]()
    await kafka[Symbol.asyncDispose]()
  })

  const give = async (rights: readonly Right[]): Promise<void> => {
    const brokers = kafka.brokers.map(({ port }) => ({ host: '127.0.0.1', port }))
    const around = { clock: systemClock, random: systemRandom, log: silent, metrics: noMetrics }
    await using cluster = await openCluster({ ...around, brokers, security: OPEN })
    const creations = rights.map(([kind, resourceName, operation]) => ({
      resourceType: RESOURCES[kind],
      resourceName,
      resourcePatternType: PREFIXED,
      principal: `User:${kafka.listeners.user}`,
      host: '*',
      operation: OPERATIONS[operation],
      permissionType: ALLOW,
    }))
    const { api } = cluster.library.createAclsV3
    await cluster.lane.ask('any', { api, args: [creations], what: 'give rights' })
  }
  const start = (...args: readonly string[]) => {
    const { scram, user, password } = kafka.listeners
    const env = {
      TICKLAKE_TAPE: `kafka://${user}@${scram}/kafka_finnhub`,
      TICKLAKE_KAFKA_SASL: 'scram-sha-256',
      TICKLAKE_KAFKA_PASSWORD: password,
      TICKLAKE_FEED: 'simulator',
    }
    return cli.start(args, env)
  }
  const doctor = async (check: string): Promise<readonly string[]> => {
    const { out } = await start('doctor').ended
    return out.split('\n').filter((line) => line.split(/ +/)[1] === check)
  }

  it('without any the topic is not seen, and doctor says so behind a broker that answers', async () => {
    const { code, err } = await start('topic', 'create').ended
    assert.equal(code, 78)
    assert.match(err, /this user may not use the topic \(29\)\n {2}Give this user /)
    assert.match((await doctor('broker')).join(), /^ok .*without TLS, as alice \(scram-sha-256\)$/)
    assert.match((await doctor('rights')).join(), /^fail .*this user may not use the topic/)
  })

  it('those to read are not enough to write or to land, which doctor tells', async () => {
    const admin = ['topic', 'create', '--tape', `kafka://${kafka.bootstrap}/kafka_finnhub`]
    assert.equal((await cli.run(...admin)).code, 0)
    await give([['topic', 'kafka_finnhub', 'READ']])
    const [told = ''] = await doctor('rights')
    assert.match(told, /^warn/)
    for (const lack of [
      'WRITE, DESCRIBE_CONFIGS on topic kafka_finnhub;',
      'WRITE, DESCRIBE_CONFIGS on topic kafka_finnhub_feed_log;',
      'READ on group ticklake-record-…',
      'READ on group ticklake-land-…',
    ])
      assert.ok(told.includes(lack), `${lack} is not in ${told}`)
    const { out } = await start('topic', 'describe').ended
    assert.match(out, /settings: this user may not ask for them/)
    assert.match(out, /this user may not ask who holds the lease/)
    const record = await start('record').ended
    assert.equal(record.code, 78)
    assert.match(record.err, /this user may not use the group \(30\)/)
  })

  it('those that are listed are enough for all three parts', async () => {
    await give(documented())
    assert.match((await doctor('rights')).join(), /^ok /)
    const up = start('up', '--port', '0', '--land-age', '1s')
    await up.seen(/committed table=records/)
    up.child.kill('SIGTERM')
    const { code, err } = await up.ended
    assert.equal(code, 0, err)
    const verified = await start('verify').ended
    assert.equal(verified.code, 0, verified.out)
    assert.equal((await start('topic', 'create', '--partitions', '8').ended).code, 0)
  })
})
