import { setTimeout as delay } from 'node:timers/promises'
import { Fault } from '../../src/flow/fault.ts'
import { startJava, type JavaCommand } from '../java.ts'
import { HOST } from '../ports.ts'
import type { CuttingProxy } from '../proxy.ts'
import { awaitReady, type ServerProcess } from '../server.ts'
import type { Warden } from '../warden.ts'
import { askMetadata } from './metadata.ts'
import type { BrokerPlan } from './properties.ts'

const FAREWELL = 143 // of a Java that was told SIGTERM, and left the cluster
const ENDING: readonly NodeJS.Signals[] = ['SIGKILL', 'SIGTERM', 'SIGINT', 'SIGHUP']

/** One broker of a started cluster; it keeps its port and its folder whatever is done to it. */
export type Broker = {
  readonly id: number
  readonly host: string
  /** The plaintext port that clients are told of: the proxy's when there is one. */
  readonly port: number
  /** Of the running process; null while it is down. */
  readonly pid: number | null
  /** The file that all of the process's output is appended to. */
  readonly log: string
  /**
   * The proxy before its plaintext listener. Faults: `invalid` unless the cluster was started
   * `proxied`.
   */
  readonly proxy: CuttingProxy
  /** Sends a signal (SIGKILL); of one that ends a process, the end is awaited. */
  kill(signal?: NodeJS.Signals): Promise<void>
  /** SIGTERM, and SIGKILL after 10 s; resolves when the process has ended. */
  stop(): Promise<void>
  /**
   * Starts it again on the same port and folder, and resolves when it answers as a member of the
   * cluster, which needs a majority of the controllers: start those of a cluster that is down
   * together. Faults: `unavailable` with the last lines of its log, `invalid` when it runs.
   */
  start(): Promise<void>
}

export type BrokerParts = {
  readonly plan: BrokerPlan
  readonly proxy: CuttingProxy | null
  readonly command: JavaCommand
  readonly log: string
  readonly warden: Warden
  /** How long after an end without a farewell the cluster still takes the old process for alive. */
  readonly mournMs: number
}

/** A broker that is down. */
export function createBroker(parts: BrokerParts): Broker {
  const { plan, proxy, command, log, warden, mournMs } = parts
  let java: ServerProcess | null = null
  let endedAt = -Infinity
  const port = proxy?.port ?? plan.listeners[0]?.port ?? plan.internalPort
  const running = () => (java?.running() === true ? java : null)
  return {
    id: plan.id,
    host: HOST,
    port,
    get pid() {
      return running()?.pid ?? null
    },
    log,
    get proxy() {
      if (proxy === null)
        throw new Fault('invalid', 'no proxy lies before this broker', {
          remedy: 'Start the cluster with `proxied: true`.',
        })
      return proxy
    },
    kill: async (signal = 'SIGKILL') => {
      const process = running()
      process?.signal(signal)
      if (!ENDING.includes(signal)) return
      await process?.ended
    },
    stop: async () => running()?.stop(),
    start: async () => {
      if (running() !== null)
        throw new Fault('invalid', `broker ${plan.id} runs already`, { remedy: 'Stop it first.' })
      await delay(Math.max(0, endedAt + mournMs - performance.now()))
      const process = await startJava(command, { log, warden })
      java = process
      void process.ended.then((code) => {
        if (code !== FAREWELL) endedAt = performance.now()
      })
      await awaitReady(process, { name: `broker ${plan.id}`, log, look: () => isReady(plan) })
    },
  }
}

/** Ready: it answers, as a live member, and every partition that is its alone has a leader. */
async function isReady({ id, internalPort }: BrokerPlan): Promise<boolean> {
  const { brokers, partitions } = await askMetadata(internalPort)
  const mine = partitions.filter(({ replicas }) => replicas.every((replica) => replica === id))
  return brokers.includes(id) && mine.every(({ leader }) => leader === id)
}
