import { resolve } from 'node:path'
import { Fault } from '../../src/flow/fault.ts'
import { runJava, type Output } from '../java.ts'
import type { Properties } from '../properties.ts'
import type { Warden } from '../warden.ts'
import { TOOL_VM } from './generation.ts'
import type { KafkaJars, KafkaVersion } from './jars.ts'
import { parseConsumed, parseProduced, type Consumed, type Rate } from './performance.ts'

/**
 * Kafka's own command line, of the cluster's generation (for 4: the tools of 4.3.1), past any
 * proxy.
 */
export type Console = {
  /** Faults of each: `unavailable` with what the tool said. */
  createTopic(topic: string, options?: TopicOptions): Promise<void>
  /** Each line is a record; with `keySeparator` what comes before the first one is its key. */
  produce(topic: string, lines: readonly string[], options?: ProduceOptions): Promise<void>
  /**
   * The first `count` records as the tool prints them, each a line without its end: no value may
   * hold a newline.
   */
  consume(topic: string, count: number, options?: ConsumeOptions): Promise<Buffer[]>
  readonly performance: {
    /**
     * ProducerPerformance: records of `recordBytes` random bytes, or random lines of `payloadFile`.
     */
    produce(topic: string, records: number, options: PerformOptions): Promise<Rate>
    /** ConsumerPerformance from the earliest record on. */
    consume(topic: string, records: number): Promise<Consumed>
  }
}

export type TopicOptions = {
  /** 1. */
  readonly partitions?: number
  /** 1. */
  readonly replicas?: number
  /** Settings of the topic, as `retention.ms`. */
  readonly config?: Properties
}
export type ProduceOptions = {
  readonly keySeparator?: string
  /** Settings of the producer, as `compression.type`. */
  readonly properties?: Properties
}
/** What is printed before the value, in this order, separated by tabs; and what is read. */
export type ConsumeOptions = {
  readonly timestamp?: boolean
  readonly partition?: boolean
  readonly offset?: boolean
  readonly headers?: boolean
  readonly key?: boolean
  /** This partition alone. */
  readonly only?: number
  readonly committed?: boolean
  /** How long it waits for a further record: 10 s. */
  readonly patienceMs?: number
}
export type PerformOptions = {
  readonly properties?: Properties
} & ({ readonly recordBytes: number } | { readonly payloadFile: string })

export type ConsoleParts = {
  readonly version: KafkaVersion
  readonly jars: KafkaJars
  readonly bootstrap: string
  readonly warden: Warden
}

const TOOL_MS_MAX = 120_000
const PERFORM_MS_MAX = 900_000
const PATIENCE_MS = 10_000
const COLUMNS = ['timestamp', 'partition', 'offset', 'headers', 'key'] as const

const TOPICS = 'org.apache.kafka.tools.TopicCommand'
const CONSUMER = 'org.apache.kafka.tools.consumer.ConsoleConsumer'
const PRODUCER_PERFORMANCE = 'org.apache.kafka.tools.ProducerPerformance'
const CONSUMER_PERFORMANCE = 'org.apache.kafka.tools.ConsumerPerformance'

const inStack = (file: string) => resolve(import.meta.dirname, '..', file)

/**
 * Names that changed between the generations: the old ones still work in 4, but warn on the
 * standard output.
 */
const DIALECTS = {
  '4': {
    producer: 'org.apache.kafka.tools.ConsoleProducer',
    readerProperty: '--reader-property',
    producerProperty: '--command-property',
    performProperties: '--command-property',
    formatterProperty: '--formatter-property',
    records: '--num-records',
    log: `-Dlog4j2.configurationFile=${inStack('kafka-4-tools/log4j2.xml')}`,
  },
  '3': {
    producer: 'kafka.tools.ConsoleProducer',
    readerProperty: '--property',
    producerProperty: '--producer-property',
    performProperties: '--producer-props',
    formatterProperty: '--property',
    records: '--messages',
    log: `-Dlog4j.configuration=file:${inStack('kafka-3/tools-log4j.properties')}`,
  },
} as const

type Dialect = (typeof DIALECTS)[KafkaVersion]

const pairs = (properties: Properties): string[] =>
  Object.entries(properties).map(([name, value]) => `${name}=${value}`)
const each = (flag: string, values: readonly string[]): string[] =>
  values.flatMap((value) => [flag, value])

/** The console of a running cluster. */
export function createConsole({ version, jars, bootstrap, warden }: ConsoleParts): Console {
  const dialect = DIALECTS[version]
  const onTopic = (topic: string) => ['--bootstrap-server', bootstrap, '--topic', topic]
  const attempt = (
    mainClass: string,
    args: readonly string[],
    { input = '', msMax = TOOL_MS_MAX, vm = TOOL_VM } = {},
  ): Promise<Output> => {
    const command = { jars: jars.tools, mainClass, args, vm: [...vm, dialect.log] }
    return runJava(command, { warden, input, msMax })
  }
  /** Kafka's tools log some failures and then end well, so a logged error is a failure too. */
  const run = async (...tool: Parameters<typeof attempt>): Promise<Output> => {
    const output = await attempt(...tool)
    if (output.code === 0 && !/ (ERROR|FATAL) /.test(output.stderr)) return output
    throw failed(tool[0], output)
  }
  return {
    createTopic: async (topic, options = {}) => {
      await run(TOPICS, ['--create', ...onTopic(topic), ...topicArguments(options)])
    },
    produce: async (topic, lines, options = {}) => {
      const input = lines.map((line) => `${line}\n`).join('')
      const args = [...onTopic(topic), ...produceArguments(options, dialect)]
      await run(dialect.producer, args, { input })
    },
    consume: async (topic, count, options = {}) => {
      if (count === 0) return []
      const amount = ['--max-messages', String(count)]
      const args = [...onTopic(topic), ...amount, ...consumeArguments(options, dialect)]
      const output = await attempt(CONSUMER, args)
      const lines = linesOf(output.stdout)
      if (lines.length === count) return lines
      throw failed(`the console consumer read ${lines.length} of ${count} records and`, output)
    },
    performance: {
      produce: async (topic, records, options) => {
        const settings = { 'bootstrap.servers': bootstrap, ...options.properties }
        const amount = ['--num-records', String(records), '--throughput', '-1']
        const how = [...payloadArguments(options), dialect.performProperties, ...pairs(settings)]
        const args = ['--topic', topic, ...amount, ...how]
        return parseProduced((await run(PRODUCER_PERFORMANCE, args, PERFORM)).stdout.toString())
      },
      consume: async (topic, records) => {
        const args = [...onTopic(topic), dialect.records, String(records)]
        return parseConsumed((await run(CONSUMER_PERFORMANCE, args, PERFORM)).stdout.toString())
      },
    },
  }
}

const topicArguments = ({ partitions = 1, replicas = 1, config = {} }: TopicOptions): string[] => [
  ...each('--partitions', [String(partitions)]),
  ...each('--replication-factor', [String(replicas)]),
  ...each('--config', pairs(config)),
]

function produceArguments(
  { keySeparator, properties = {} }: ProduceOptions,
  dialect: Dialect,
): string[] {
  const keys =
    keySeparator === undefined ? {} : { 'parse.key': 'true', 'key.separator': keySeparator }
  return [
    ...each(dialect.readerProperty, pairs(keys)),
    ...each(dialect.producerProperty, pairs(properties)),
  ]
}

function consumeArguments(options: ConsumeOptions, dialect: Dialect): string[] {
  const { only, committed = false, patienceMs = PATIENCE_MS } = options
  const printed = COLUMNS.filter((column) => options[column] === true)
  const from =
    only === undefined
      ? ['--from-beginning']
      : ['--partition', String(only), '--offset', 'earliest']
  return [
    ...from,
    ...each('--timeout-ms', [String(patienceMs)]),
    ...each('--isolation-level', [committed ? 'read_committed' : 'read_uncommitted']),
    ...each(
      dialect.formatterProperty,
      printed.map((column) => `print.${column}=true`),
    ),
  ]
}

const payloadArguments = (options: PerformOptions): string[] =>
  'recordBytes' in options
    ? ['--record-size', String(options.recordBytes)]
    : ['--payload-file', options.payloadFile]

// What is measured runs as Kafka's own scripts would run it, not hurried to its start.
const PERFORM = { msMax: PERFORM_MS_MAX, vm: ['-Xmx512M'] }

function linesOf(bytes: Buffer): Buffer[] {
  const lines: Buffer[] = []
  for (let at = 0, end = 0; at < bytes.length; at = end + 1) {
    end = bytes.indexOf('\n', at)
    if (end < 0) end = bytes.length
    lines.push(bytes.subarray(at, end))
  }
  return lines
}

const failed = (what: string, { code, stderr }: Output): Fault =>
  new Fault(
    'unavailable',
    `${what} ended ${code === null ? 'by a signal' : `with code ${code}`}\n${stderr}`.trimEnd(),
    {
      remedy: 'Read what it printed, above.',
    },
  )
