import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import {
  Admin,
  ConfigResourceTypes,
  IncrementalAlterConfigOperationTypes,
  Producer,
  stringSerializers,
} from '@platformatic/kafka'
import type { LogFields, LogLevel } from '../../src/flow/log.ts'
import { openKafkaTape } from '../../src/tape/kafka-tape.ts'
import { openCluster, type ClusterOptions } from '../../src/tape/kafka/cluster.ts'
import { createTopic, topicsOf } from '../../src/tape/kafka/topics.ts'
import type { Tape } from '../../src/tape/tape.ts'
import type { Kafka } from '../../stack/kafka.ts'
import { clusterAt } from '../../stack/meeting.ts'
import type { Properties } from '../../stack/properties.ts'
import { SOURCE } from '../conformance/tape-samples.ts'
import type { Cli, Ended } from '../e2e/cli.ts'

/** What is waited for in vain for so long ends the test. */
export const MS_MAX = 300_000
/** Tests write records of other years: a topic that forgets nothing by age keeps them. */
const FOR_EVER = { retentionMs: -1 }

/** As brokers come: a group that was empty waits so long for further members. */
export const AS_THEY_COME = { 'group.initial.rebalance.delay.ms': '3000' }

/** A topic of its own, its feed log, and how it is met. */
export type Place = {
  readonly topic: string
  /** As `--tape` takes it. */
  readonly address: string
  readonly around: ClusterOptions
  open(mode?: 'read' | 'write', source?: string): Promise<Tape>
}

export type PlaceOptions = {
  /** 1. */
  readonly partitions?: number
  /** As many as there are brokers, at most three. */
  readonly replication?: number
  /** Settings of the topic of the trades, as `max.message.bytes`. */
  readonly config?: Properties
  /** Only the topic of the trades, as another program would make it. */
  readonly foreign?: boolean
}

/** A topic of the trades without a name before; the feed log beside it, unless it is foreign. */
export async function makePlace(kafka: Kafka, options: PlaceOptions = {}): Promise<Place> {
  const { partitions = 1, replication = null, config = {}, foreign = false } = options
  const place = placeOf(kafka, `trades_${randomUUID()}`)
  const { topic } = place
  await using cluster = await openCluster(place.around)
  await createTopic(cluster, topic, { ...FOR_EVER, replication, partitions })
  const { feed } = topicsOf(topic)
  if (!foreign) await createTopic(cluster, feed, { ...FOR_EVER, replication, partitions: 1 })
  if (Object.keys(config).length > 0) await configure(kafka, topic, config)
  return place
}

/** A topic by its name, whether it is there or not. */
export function placeOf({ bootstrap }: Kafka, topic: string): Place {
  const options = clusterAt(bootstrap)
  return {
    topic,
    address: `kafka://${bootstrap}/${topic}`,
    around: options,
    open: (mode = 'write', source = SOURCE) => openKafkaTape({ ...options, topic, mode, source }),
  }
}

/** Asks by a client that is not ours. */
export async function administer<T>(
  { bootstrap }: Pick<Kafka, 'bootstrap'>,
  act: (admin: Admin) => Promise<T>,
): Promise<T> {
  const admin = new Admin({
    clientId: 'admin',
    bootstrapBrokers: bootstrap.split(','),
    retries: 10,
    retryDelay: 200,
  })
  try {
    return await act(admin)
  } finally {
    await admin.close().catch(() => undefined)
  }
}

/** Changes settings of a topic. The controller answers before the brokers have heard of it: those are waited for. */
export async function configure(kafka: Kafka, topic: string, config: Properties): Promise<void> {
  const resource = { resourceType: ConfigResourceTypes.TOPIC, resourceName: topic }
  await administer(kafka, async (admin) => {
    const configs = Object.entries(config).map(([name, value]) => ({
      name,
      value,
      configOperation: IncrementalAlterConfigOperationTypes.SET,
    }))
    await admin.incrementalAlterConfigs({
      resources: [{ ...resource, configs }],
      validateOnly: false,
    })
    await eventually(async () => {
      const resources = [{ ...resource, configurationKeys: Object.keys(config) }]
      const [found] = await admin.describeConfigs({ resources })
      const told = found?.configs.map(({ name, value }) => [name, value])
      assert.deepEqual(Object.fromEntries(told ?? []), config)
    })
  })
}

/** A producer of another program, idempotent, of texts. */
export const otherProducer = (
  { bootstrap }: Kafka,
  options: { readonly transactionalId?: string } = {},
): Producer<string, string, string, string> =>
  new Producer({
    clientId: 'other',
    bootstrapBrokers: bootstrap.split(','),
    serializers: stringSerializers,
    idempotent: true,
    acks: -1,
    retries: 10,
    retryDelay: 200,
    ...options,
  })

/** What was told to a log. */
export type Told = {
  readonly level: LogLevel
  readonly message: string
  readonly fields: LogFields
}
export function keptLog() {
  const told: Told[] = []
  return {
    told,
    log: (level: LogLevel, message: string, fields: LogFields = {}) =>
      void told.push({ level, message, fields }),
  }
}

/** Waits until the check, made so often, passes; after 30 s, or `ms`, its failure is the test's. */
export async function eventually(
  check: () => Promise<void> | void,
  { ms = 30_000, everyMs = 100 } = {},
): Promise<void> {
  const deadline = performance.now() + ms
  for (;;) {
    try {
      return await check()
    } catch (error) {
      if (performance.now() > deadline) throw error
      await delay(everyMs)
    }
  }
}

/** The command line on one tape, in a data folder of its own below the folder of the command line. */
export type Lander = {
  readonly args: readonly string[]
  /** Lands all that is on the tape: told to stop once it lands, it commits the rest and ends. */
  landAll(...flags: readonly string[]): Promise<Ended>
  /** Runs it where it is to end by itself. */
  land(...flags: readonly string[]): Promise<Ended>
  verify(): Promise<Ended>
  sql(query: string): Promise<Readonly<Record<string, unknown>>[]>
  count(from: string): Promise<number>
}

export function landerOf(cli: Cli, { address }: Place, data = 'data'): Lander {
  const args = ['--tape', address, '--data', data]
  const sql = async (query: string) => {
    const { code, out, err } = await cli.run('sql', ...args, '--json', query)
    assert.equal(code, 0, err)
    return out
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Readonly<Record<string, unknown>>)
  }
  return {
    args,
    landAll: async (...flags) => {
      const lander = cli.start(['land', ...args, '--land-age', '1s', ...flags])
      await Promise.race([lander.ended, lander.seen(/ landing /)])
      lander.child.kill('SIGINT')
      return await lander.ended
    },
    land: (...flags) => cli.run('land', ...args, ...flags),
    verify: () => cli.run('verify', ...args),
    sql,
    count: async (from) => Number((await sql(`SELECT count(*) n FROM ${from}`))[0]?.n),
  }
}
