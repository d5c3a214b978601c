import { parseArgs } from 'node:util'
import { Fault } from '../src/flow/fault.ts'
import type { KafkaOptions } from './kafka.ts'
import { KAFKA_VERSIONS, type KafkaVersion } from './kafka/jars.ts'

const SERVERS = ['kafka', 'aws', 'trino', 'minio', 'prepare'] as const

/** What a command line asks for. */
export type Wish =
  | { readonly server: 'kafka'; readonly options: KafkaOptions }
  | { readonly server: 'aws' | 'trino'; readonly minio: boolean }
  | { readonly server: 'minio' }
  | { readonly server: 'prepare' }
  | { readonly server: 'help' }

export const USAGE = `npm run stack -- SERVER [options]

Starts real servers on 127.0.0.1, without Docker, and stops them on Ctrl-C. What they hold is then
gone.

  kafka [--version 4|3] [--brokers N] [--security] [--port P]
      Kafka. Needs Java 17 or later and Maven, which brings about 50 MB of jars the first time.
      --version   4 (KRaft, the default) or 3 (ZooKeeper)
      --brokers   how many, 1 to 9 (1)
      --security  listeners with TLS and with SASL as well; version 4 only
      --port      of the first broker, the others follow it (free ones)
  aws [--minio]
      S3, Glue and Athena's API by moto. Needs Python 3.10 or later with venv; pip brings 300 MB
      the first time.
      --minio     keeps S3 on disk, by MinIO
  trino [--minio]
      The same, and Trino on it. Needs Maven, which brings 800 MB the first time. Java 24 or later
      is taken from TRINO_JAVA_HOME, JAVA_HOME or /usr/lib/jvm, else from PyPI.
  minio
      S3 alone, by MinIO. Needs Go 1.24 or later, which builds it in five minutes the first time.
  prepare
      Starts nothing: brings what Kafka, aws, trino and Iceberg's Java reader are made of.
`

const ONLY: Readonly<Record<string, readonly (typeof SERVERS)[number][]>> = {
  version: ['kafka'],
  brokers: ['kafka'],
  security: ['kafka'],
  port: ['kafka'],
  minio: ['aws', 'trino'],
}

const usage = (message: string, remedy = 'See npm run stack -- --help'): Fault =>
  new Fault('invalid', message, { remedy })

/** Reads the arguments. Faults: `invalid`. */
export function parseWish(argv: readonly string[]): Wish {
  const { values, positionals } = parsed(argv)
  if (values.help === true) return { server: 'help' }
  const [name, ...rest] = positionals
  const thereAre = `There are: ${SERVERS.join(', ')}`
  if (name === undefined) throw usage('no server is named', thereAre)
  const server = SERVERS.find((server) => server === name)
  if (server === undefined) throw usage(`unknown server ${name}`, thereAre)
  if (rest.length > 0) throw usage(`nothing is known of ${rest.join(' ')}`)
  for (const flag of Object.keys(values))
    if (ONLY[flag]?.includes(server) === false) throw usage(`${server} takes no --${flag}`)
  if (server === 'minio') return { server }
  if (server === 'prepare') return { server }
  if (server !== 'kafka') return { server, minio: values.minio ?? false }
  return {
    server,
    options: {
      version: parseVersion(values.version ?? '4'),
      brokers: parseWhole('--brokers', values.brokers ?? '1'),
      security: values.security ?? false,
      ...(values.port === undefined ? {} : { port: parseWhole('--port', values.port) }),
    },
  }
}

function parsed(argv: readonly string[]) {
  try {
    return parseArgs({
      args: [...argv],
      allowPositionals: true,
      options: {
        help: { type: 'boolean', short: 'h' },
        version: { type: 'string' },
        brokers: { type: 'string' },
        security: { type: 'boolean' },
        port: { type: 'string' },
        minio: { type: 'boolean' },
      },
    })
  } catch (cause) {
    // Its messages are made for people; the first sentence says it.
    throw usage((cause as Error).message.split(/\.\s/)[0] ?? '')
  }
}

function parseVersion(text: string): KafkaVersion {
  const version = KAFKA_VERSIONS.find((version) => version === text)
  if (version === undefined) throw usage(`--version ${text}`, 'It is 4 or 3.')
  return version
}

function parseWhole(flag: string, text: string): number {
  if (!/^\d{1,6}$/.test(text)) throw usage(`${flag} ${text}`, 'It takes a whole number.')
  return Number(text)
}
