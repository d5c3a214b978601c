import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { Fault } from '../src/flow/fault.ts'
import { createBroker, type Broker } from './kafka/broker.ts'
import { createConsole, type Console } from './kafka/console.ts'
import { kafkaJars, type KafkaVersion } from './kafka/jars.ts'
import { prepareKraft } from './kafka/kraft.ts'
import { layOut } from './kafka/layout.ts'
import {
  SCRAM_CREDENTIALS,
  prepareSecurity,
  toldListeners,
  type SecureListeners,
} from './kafka/security.ts'
import { prepareZookeeper } from './kafka/zookeeper.ts'
import { HOST, portsFrom, refuseTaken } from './ports.ts'
import type { Properties } from './properties.ts'
import { openWarden } from './warden.ts'

export type KafkaOptions = {
  /** 4: Kafka 4.4.0, KRaft. 3: Kafka 3.8.0, ZooKeeper. */
  readonly version: KafkaVersion
  /**
   * How many (1); from 3 on, each is a controller as well and one may be lost. Ids count from 1.
   */
  readonly brokers?: number
  /** Heap of each broker in MB: 512 for 4, 256 for 3. */
  readonly heapMb?: number
  /**
   * Where everything lies; kept at the end. By default a fresh temporary folder, removed at the
   * end.
   */
  readonly dir?: string
  /** The port of the first broker; the others follow it. By default free ones. */
  readonly port?: number
  /** Settings of the brokers besides ours; they win. */
  readonly properties?: Properties
  /** Adds the listeners that ask who is there; version 4 only. */
  readonly security?: boolean
  /**
   * Puts a proxy before the plaintext listener of each broker; clients are told the proxy's port.
   */
  readonly proxied?: boolean
  /**
   * How long a broker that is silent counts as alive (2000 ms): a killed one is back no sooner.
   * Where a machine is busy, less than a second takes living ones for dead.
   */
  readonly sessionTimeoutMs?: number
}

/** A running cluster. Disposing ends every process by its id and frees the ports. */
export type Kafka = AsyncDisposable & {
  readonly version: KafkaVersion
  readonly dir: string
  /** The plaintext addresses, `127.0.0.1:PORT[,…]`. */
  readonly bootstrap: string
  readonly brokers: readonly Broker[]
  /** The broker of an id (1, 2, …). Faults: `invalid` when there is none. */
  broker(id: number): Broker
  /** Faults: `invalid` unless the cluster was started with `security`. */
  readonly listeners: SecureListeners
  readonly console: Console
}

const HEAP_MB: Readonly<Record<KafkaVersion, number>> = { '4': 512, '3': 256 }
const SESSION_TIMEOUT_MS = 2_000
const BROKERS_MAX = 9 // what one machine bears

/**
 * Starts a cluster on 127.0.0.1 and resolves when each broker answers. Should this process die, in
 * whichever way, its servers are killed. Faults: `invalid` for a port in use or without Java,
 * `unavailable` with the last lines of the log of a server that did not start.
 */
export async function startKafka(options: KafkaOptions): Promise<Kafka> {
  const { version, brokers: count = 1, security = false, proxied = false } = options
  refuseUnfit(options)
  const wanted = options.port === undefined ? [] : portsFrom(options.port, count)
  await refuseTaken(wanted)
  const jars = await kafkaJars(version)

  await using held = new AsyncDisposableStack()
  const own = options.dir === undefined
  const dir = own ? await mkdtemp(join(tmpdir(), 'ticklake-kafka-')) : resolve(options.dir)
  const warden = openWarden(own ? dir : null)
  held.defer(() => warden.close())
  const layout = await layOut({ dir, count, wanted, proxied, security }, held)
  const preparation = {
    jars,
    plan: {
      brokers: layout.brokers,
      sessionTimeoutMs: options.sessionTimeoutMs ?? SESSION_TIMEOUT_MS,
      properties: { ...(security ? await prepareSecurity(dir) : {}), ...options.properties },
    },
    heapMb: options.heapMb ?? HEAP_MB[version],
    warden,
  }
  const prepared =
    version === '4'
      ? await prepareKraft(preparation, security ? SCRAM_CREDENTIALS : [])
      : await prepareZookeeper(preparation, {
          dir: join(dir, 'zookeeper'),
          port: layout.zookeeperPort,
        })
  held.defer(() => prepared.close())

  const brokers = layout.brokers.map((plan) =>
    createBroker({
      plan,
      proxy: plan.proxy,
      command: prepared.commandOf(plan),
      log: join(plan.dir, 'broker.log'),
      warden,
      mournMs: prepared.mournMs,
    }),
  )
  // A folder that goes needs no farewell, and the last of several brokers would wait for the others
  // in vain.
  for (const broker of brokers) held.defer(() => (own ? broker.kill() : broker.stop()))
  await Promise.all(brokers.map((broker) => broker.start()))
  const internal = layout.brokers.map(({ internalPort }) => `${HOST}:${internalPort}`).join(',')
  const ending = held.move()
  return {
    version,
    dir,
    bootstrap: brokers.map(({ port }) => `${HOST}:${port}`).join(','),
    brokers,
    broker: (id) => brokerOf(brokers, id),
    get listeners() {
      if (security) return toldListeners(layout.brokers, dir)
      throw unfit('this cluster has no secured listeners', 'Start it with `security: true`.')
    },
    console: createConsole({ version, jars, bootstrap: internal, warden }),
    [Symbol.asyncDispose]: () => ending.disposeAsync(),
  }
}

const unfit = (message: string, remedy: string): Fault => new Fault('invalid', message, { remedy })

function refuseUnfit({ version, brokers = 1, security }: KafkaOptions): void {
  if (!Number.isInteger(brokers) || brokers < 1 || brokers > BROKERS_MAX)
    throw unfit(`${brokers} brokers`, `Ask for 1 to ${BROKERS_MAX}.`)
  if (version !== '4' && security === true)
    throw unfit('secured listeners are made for version 4 only', 'Ask for version 4.')
}

function brokerOf(brokers: readonly Broker[], id: number): Broker {
  const broker = brokers.find((broker) => broker.id === id)
  if (broker !== undefined) return broker
  throw unfit(`no broker ${id}`, `Ids are 1 to ${brokers.length}.`)
}
