import { HOST } from '../ports.ts'
import type { Properties } from '../properties.ts'

/**
 * A listener that clients may be given: its name, protocol, and the port it is bound to and told
 * by.
 */
export type Listener = {
  readonly name: string
  readonly protocol: 'PLAINTEXT' | 'SSL' | 'SASL_PLAINTEXT' | 'SASL_SSL'
  readonly port: number
  readonly advertisedPort: number
}

/** One broker before it is started. */
export type BrokerPlan = {
  readonly id: number
  readonly dir: string
  readonly listeners: readonly Listener[]
  /** Brokers speak with each other here, and so does the stack: no proxy lies before it. */
  readonly internalPort: number
  /** KRaft: of its controller. */
  readonly controllerPort: number
}

export type ClusterPlan = {
  readonly brokers: readonly BrokerPlan[]
  readonly sessionTimeoutMs: number
  /** What the caller and the secured listeners add; they win. */
  readonly properties: Properties
}

const REPLICAS_MAX = 3
const HEARTBEATS_A_SESSION = 6
// Two nodes have no majority without each other, so then the first alone is the quorum.
const QUORUM_MIN = 3

const INTERNAL: Pick<Listener, 'name' | 'protocol'> = { name: 'INTERNAL', protocol: 'PLAINTEXT' }

/**
 * What both generations are told: small, quick to notice, and willing to keep records of any age.
 */
function commonProperties(broker: BrokerPlan, cluster: ClusterPlan): Properties {
  const internal = { ...INTERNAL, port: broker.internalPort, advertisedPort: broker.internalPort }
  const listeners: readonly Listener[] = [...broker.listeners, internal]
  const replicas = String(Math.min(REPLICAS_MAX, cluster.brokers.length))
  const longest = '9223372036854775807'
  return {
    listeners: listeners.map(({ name, port }) => `${name}://${HOST}:${port}`).join(','),
    'advertised.listeners': listeners
      .map(({ name, advertisedPort }) => `${name}://${HOST}:${advertisedPort}`)
      .join(','),
    'listener.security.protocol.map': listeners
      .map(({ name, protocol }) => `${name}:${protocol}`)
      .join(','),
    'inter.broker.listener.name': internal.name,
    'log.dirs': `${broker.dir}/data`,
    'auto.create.topics.enable': 'false',
    'offsets.topic.num.partitions': '1',
    'offsets.topic.replication.factor': replicas,
    'transaction.state.log.num.partitions': '1',
    'transaction.state.log.replication.factor': replicas,
    'transaction.state.log.min.isr': '1',
    'group.initial.rebalance.delay.ms': '0',
    'group.min.session.timeout.ms': '100',
    // By default the cleaner takes 128 MB, half the heap of a small broker, which then dies of it
    // now and then.
    'log.cleaner.dedupe.buffer.size': '16777216',
    'log.retention.ms': '-1',
    'log.retention.check.interval.ms': '500',
    'log.initial.task.delay.ms': '500',
    'log.message.timestamp.before.max.ms': longest,
    'log.message.timestamp.after.max.ms': longest,
  }
}

/** Ids of the nodes that are controllers as well. */
export const votersOf = ({ brokers }: ClusterPlan): readonly BrokerPlan[] =>
  brokers.length < QUORUM_MIN ? brokers.slice(0, 1) : brokers

/** The settings of a node of Kafka 4: broker, and controller when it votes. */
export function kraftProperties(broker: BrokerPlan, cluster: ClusterPlan): Properties {
  const common = commonProperties(broker, cluster)
  const voters = votersOf(cluster)
  const votes = voters.includes(broker)
  const controller = `CONTROLLER://${HOST}:${broker.controllerPort}`
  const replicas = String(Math.min(REPLICAS_MAX, cluster.brokers.length))
  return {
    ...common,
    'process.roles': votes ? 'broker,controller' : 'broker',
    'node.id': String(broker.id),
    'controller.quorum.voters': voters
      .map(({ id, controllerPort }) => `${id}@${HOST}:${controllerPort}`)
      .join(','),
    'controller.listener.names': 'CONTROLLER',
    listeners: votes ? `${common['listeners']},${controller}` : (common['listeners'] ?? ''),
    'listener.security.protocol.map': `${common['listener.security.protocol.map']},CONTROLLER:PLAINTEXT`,
    'broker.session.timeout.ms': String(cluster.sessionTimeoutMs),
    'broker.heartbeat.interval.ms': String(
      Math.ceil(cluster.sessionTimeoutMs / HEARTBEATS_A_SESSION),
    ),
    'share.coordinator.state.topic.replication.factor': replicas,
    'share.coordinator.state.topic.min.isr': '1',
    ...cluster.properties,
  }
}

/** The settings of a broker of Kafka 3, which finds the others through ZooKeeper. */
export const zookeeperBrokerProperties = (
  broker: BrokerPlan,
  cluster: ClusterPlan & { readonly zookeeperPort: number },
): Properties => ({
  ...commonProperties(broker, cluster),
  'broker.id': String(broker.id),
  'zookeeper.connect': `${HOST}:${cluster.zookeeperPort}`,
  'zookeeper.session.timeout.ms': String(cluster.sessionTimeoutMs),
  'zookeeper.connection.timeout.ms': '30000',
  ...cluster.properties,
})

/**
 * The settings of the one ZooKeeper; a tick is its unit of time, and a session lasts two at least.
 */
export const zookeeperProperties = (options: {
  readonly dir: string
  readonly port: number
  readonly tickMs: number
}): Properties => ({
  dataDir: `${options.dir}/data`,
  clientPort: String(options.port),
  clientPortAddress: HOST,
  tickTime: String(options.tickMs),
  'admin.enableServer': 'false',
  maxClientCnxns: '0',
})
