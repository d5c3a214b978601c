import { join, relative } from 'node:path'
import { startAws, type Aws } from './aws.ts'
import { startKafka, type Kafka, type KafkaOptions } from './kafka.ts'
import { kafkaJars } from './kafka/jars.ts'
import { unsignedToken } from './kafka/security.ts'
import { startMinio, type Minio } from './minio.ts'
import { startTrino, type Trino } from './trino.ts'

/** Servers that a command has started. Disposing ends them. */
export type Running = AsyncDisposable & {
  /** What a person may do with them, ready to copy. */
  readonly howTo: string
  readonly processes: readonly Watched[]
}

/** One process; `pid` is null when it has ended. */
export type Watched = { readonly name: string; readonly pid: number | null; readonly log: string }

const TOPIC = 'kafka_finnhub'
const PREFIX = 'ticks'
const DATABASE = 'market'
const TOKEN_SECONDS = 86_400

/** Kafka, and how to record to it. */
export async function runKafka(options: KafkaOptions): Promise<Running> {
  const kafka = await startKafka(options)
  const { tools } = await kafkaJars(options.version)
  const securely = options.security === true ? howToSecurely(kafka) : ''
  return {
    howTo: `${howToRecord(kafka, relative(process.cwd(), tools))}${securely}`,
    processes: kafka.brokers.map((broker) => watched(`broker ${broker.id}`, broker)),
    [Symbol.asyncDispose]: () => kafka[Symbol.asyncDispose](),
  }
}

/** S3, Glue and Athena, with Trino if wished, and how to land there. */
export async function runAws(wish: { trino: boolean; minio: boolean }): Promise<Running> {
  await using held = new AsyncDisposableStack()
  const minio = wish.minio ? held.use(await startMinio()) : null
  const aws = held.use(await startAws(minio === null ? {} : { s3: minio.direct }))
  const trino = wish.trino ? held.use(await startTrino({ aws })) : null
  const ending = held.move()
  return {
    howTo: [howToLand(aws, minio), ...(trino === null ? [] : [howToAsk(trino, aws)])].join('\n'),
    processes: [
      watched('moto', aws),
      ...(minio === null ? [] : [watched('MinIO', minio)]),
      ...(trino === null ? [] : [watched('Trino', trino)]),
    ],
    [Symbol.asyncDispose]: () => ending.disposeAsync(),
  }
}

/** MinIO alone. */
export async function runMinio(): Promise<Running> {
  const minio = await startMinio()
  return {
    howTo: howToStore(minio),
    processes: [watched('MinIO', minio)],
    [Symbol.asyncDispose]: () => minio[Symbol.asyncDispose](),
  }
}

const watched = (
  name: string,
  server: { readonly pid: number | null; readonly log: string },
): Watched => ({
  name,
  get pid() {
    return server.pid
  },
  log: server.log,
})

function howToRecord(kafka: Kafka, tools: string): string {
  const { bootstrap, brokers, dir } = kafka
  const pids = brokers.map(({ pid }) => pid).join(', ')
  const read = `java -cp '${tools}/*' org.apache.kafka.tools.consumer.ConsoleConsumer`
  return `Kafka ${kafka.version} is up on ${bootstrap} (pid ${pids})

Record to it:
  ticklake up --tape kafka://${bootstrap}/${TOPIC} --feed simulator
Read it with Kafka's own consumer:
  ${read} \\
    --bootstrap-server ${bootstrap} --topic ${TOPIC} --from-beginning

Logs are ${join(dir, 'broker-N/broker.log')}. Ctrl-C stops it, and removes what it holds.
`
}

/** How ticklake comes by each of the secured listeners. */
function howToSecurely({ listeners }: Kafka): string {
  const { caFile, clientCertFile, clientKeyFile, user, password } = listeners
  const ca = `TLS_CA=${caFile}`
  const pair = [`TLS_CERT=${clientCertFile}`, `TLS_KEY=${clientKeyFile}`]
  const secret = `PASSWORD=${password}`
  const token = `TOKEN=${unsignedToken(user, TOKEN_SECONDS)}`
  const ways: readonly (readonly [way: string, address: string, settings: readonly string[]])[] = [
    ['TLS', listeners.ssl, [ca]],
    ['TLS and a client certificate', listeners.mtls, [ca, ...pair]],
    ['TLS and a password', `${user}@${listeners.plain}`, [ca, 'SASL=plain', secret]],
    ['SCRAM', `${user}@${listeners.scram}`, ['SASL=scram-sha-512', secret]],
    ['a token, valid for a day', listeners.oauth, ['SASL=oauthbearer', token]],
  ]
  return ways
    .map(([way, address, settings]) => {
      const lines = settings.map((setting) => `  TICKLAKE_KAFKA_${setting}\n`)
      return `\nBy ${way}:\n  --tape kafka://${address}/${TOPIC}\n${lines.join('')}`
    })
    .join('')
}

const exports = (env: Readonly<Record<string, string>>): string =>
  Object.entries(env)
    .map(([name, value]) => `  export ${name}=${value}\n`)
    .join('')

const howToLand = (aws: Aws, minio: Minio | null): string => `S3, Glue and Athena are up:
  S3      ${aws.s3} (${minio === null ? `moto, pid ${aws.pid}` : `MinIO, pid ${minio.pid}`})
  Glue    ${aws.glue} (moto, pid ${aws.pid})
  Athena  ${aws.athena} (moto: it answers, and runs no query)

In each terminal:
${exports(aws.env)}
Land there:
  ticklake up --lake s3://${aws.bucket}/${PREFIX} --catalog glue:${DATABASE} --feed simulator
Look with any tool of AWS:
  aws s3 ls --recursive s3://${aws.bucket}/
  aws glue get-tables --database-name ${DATABASE}

The log is ${aws.log}. Ctrl-C stops all, and removes what it holds.
`

const howToAsk = (
  trino: Trino,
  { bucket }: Aws,
): string => `Trino is up on ${trino.url} (pid ${trino.pid})

Ask it, with what is above exported:
  export TICKLAKE_TRINO_URL=${trino.url}/${trino.catalog}/${DATABASE}
  ticklake sql --engine trino --lake s3://${bucket}/${PREFIX} --catalog glue:${DATABASE} 'SELECT count(*) FROM records'

Its log is ${trino.log}.
`

const howToStore = (minio: Minio): string => `MinIO is up on ${minio.direct} (pid ${minio.pid})

In each terminal:
${exports({
  AWS_ACCESS_KEY_ID: minio.accessKeyId,
  AWS_SECRET_ACCESS_KEY: minio.secretAccessKey,
  AWS_REGION: minio.region,
  AWS_ENDPOINT_URL_S3: minio.endpoint,
  AWS_EC2_METADATA_DISABLED: 'true',
})}
Land there, with the catalog in a file:
  ticklake up --lake s3://${minio.bucket}/${PREFIX} --catalog sqlite:catalog.db --feed simulator

The log is ${minio.log}. Ctrl-C stops it, and removes what it holds.
`
