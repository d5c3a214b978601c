import { once } from 'node:events'
import { mkdir, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { join, resolve } from 'node:path'
import { startJava } from '../java.ts'
import { HOST } from '../ports.ts'
import { propertiesText } from '../properties.ts'
import { awaitReady, type ServerProcess } from '../server.ts'
import { serverVm, settingsFile, type Preparation, type Prepared } from './generation.ts'
import { zookeeperBrokerProperties, zookeeperProperties, type ClusterPlan } from './properties.ts'

const ZOOKEEPER_HEAP_MB = 128
const LOG_SETTINGS = resolve(import.meta.dirname, '../kafka-3/log4j.properties')
const LOG = `-Dlog4j.configuration=file:${LOG_SETTINGS}`
const ANSWER_MS_MAX = 1_000

/**
 * Writes the settings of Kafka 3 and starts its ZooKeeper. Faults: `unavailable` with the end of
 * its log.
 */
export async function prepareZookeeper(
  preparation: Preparation,
  { dir, port }: { readonly dir: string; readonly port: number },
): Promise<Prepared> {
  const { jars, plan, heapMb } = preparation
  const tickMs = Math.ceil(plan.sessionTimeoutMs / 2)
  await mkdir(dir, { recursive: true })
  await writeFile(settingsFile(dir), propertiesText(zookeeperProperties({ dir, port, tickMs })))
  const process = await startZookeeper(preparation, { dir, port })
  await writeBrokers(plan, port)
  return {
    commandOf: (broker) => ({
      jars: jars.broker,
      mainClass: 'kafka.Kafka',
      args: [settingsFile(broker.dir)],
      vm: serverVm(heapMb, LOG),
    }),
    // A broker that finds its predecessor's entry ends; the entry goes with the session, at the end
    // of a tick.
    mournMs: plan.sessionTimeoutMs + tickMs,
    close: () => process.stop(),
  }
}

const writeBrokers = (plan: ClusterPlan, zookeeperPort: number) =>
  Promise.all(
    plan.brokers.map((broker) => {
      const properties = zookeeperBrokerProperties(broker, { ...plan, zookeeperPort })
      return writeFile(settingsFile(broker.dir), propertiesText(properties))
    }),
  )

async function startZookeeper(
  { jars, warden }: Preparation,
  { dir, port }: { readonly dir: string; readonly port: number },
): Promise<ServerProcess> {
  const log = join(dir, 'zookeeper.log')
  const command = {
    jars: jars.broker,
    mainClass: 'org.apache.zookeeper.server.quorum.QuorumPeerMain',
    args: [settingsFile(dir)],
    vm: serverVm(ZOOKEEPER_HEAP_MB, LOG),
  }
  const process = await startJava(command, { log, warden })
  await awaitReady(process, { name: 'ZooKeeper', log, look: () => accepts(port) })
  return process
}

async function accepts(port: number): Promise<boolean> {
  const socket = connect({ host: HOST, port })
  try {
    await once(socket, 'connect', { signal: AbortSignal.timeout(ANSWER_MS_MAX) })
    return true
  } finally {
    socket.on('error', () => undefined) // it is thrown away
    socket.destroy()
  }
}
