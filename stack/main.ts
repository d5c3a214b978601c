import { join, relative } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { Fault, isFault } from '../src/flow/fault.ts'
import { startKafka, type Kafka, type KafkaOptions } from './kafka.ts'
import { KAFKA_VERSIONS, kafkaJars, type KafkaVersion } from './kafka/jars.ts'
import { tailOf } from './kafka/java.ts'
import { unsignedToken } from './kafka/security.ts'

const USAGE = `npm run stack -- kafka [--version 4|3] [--brokers N] [--security] [--port P]

Starts Kafka on 127.0.0.1, without Docker, and stops it on Ctrl-C. What it holds is then gone.
Needs Java 17 or later and Maven, which brings about 50 MB of jars the first time.

  --version   4 (KRaft, the default) or 3 (ZooKeeper)
  --brokers   how many, 1 to 9 (1)
  --security  listeners with TLS and with SASL as well; version 4 only
  --port      of the first broker, the others follow it (free ones)
`
const TOPIC = 'kafka_finnhub'
const TOKEN_SECONDS = 86_400
const LOOK_MS = 500

const usage = (message: string, remedy = 'See npm run stack -- --help'): Fault =>
  new Fault('invalid', message, { remedy })

/** What is asked for; null: help. Faults: `invalid`. */
function parse(argv: readonly string[]): KafkaOptions | null {
  const { values, positionals } = parsed(argv)
  if (values.help === true) return null
  const [server, ...rest] = positionals
  if (server === undefined) throw usage('no server is named', 'There is one: kafka')
  if (server !== 'kafka') throw usage(`unknown server ${server}`, 'There is one: kafka')
  if (rest.length > 0) throw usage(`nothing is known of ${rest.join(' ')}`)
  return {
    version: parseVersion(values.version ?? '4'),
    brokers: parseWhole('--brokers', values.brokers ?? '1'),
    security: values.security ?? false,
    ...(values.port === undefined ? {} : { port: parseWhole('--port', values.port) }),
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

function howTo(kafka: Kafka, tools: string): string {
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

/** Resolves on SIGINT, SIGTERM or SIGHUP. Faults: `unavailable` when a broker ends by itself. */
async function untilStopped({ brokers }: Kafka): Promise<void> {
  const stop = new AbortController()
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.on(name, () => stop.abort(name))
  while (!stop.signal.aborted) {
    await delay(LOOK_MS, undefined, { signal: stop.signal }).catch(() => undefined)
    const dead = brokers.find(({ pid }) => pid === null)
    if (dead !== undefined && !stop.signal.aborted)
      throw new Fault('unavailable', `broker ${dead.id} ended\n${await tailOf(dead.log)}`, {
        remedy: 'Read what it printed, above.',
      })
  }
}

async function main(): Promise<void> {
  const options = parse(process.argv.slice(2))
  if (options === null) {
    process.stdout.write(USAGE)
    return
  }
  process.stderr.write(`Starting Kafka ${options.version} …\n`)
  await using kafka = await startKafka(options)
  const { tools } = await kafkaJars(options.version)
  process.stdout.write(howTo(kafka, relative(process.cwd(), tools)))
  if (options.security === true) process.stdout.write(howToSecurely(kafka))
  await untilStopped(kafka)
  process.stderr.write('\nStopping …\n')
}

try {
  await main()
} catch (error) {
  if (!isFault(error)) throw error
  process.stderr.write(`stack: ${error.message}\n  ${error.remedy}\n`)
  process.exitCode = error.kind === 'invalid' ? 2 : 1
}
