import { setTimeout as delay } from 'node:timers/promises'
import { Fault } from '../../src/flow/fault.ts'
import type { CuttingProxy } from '../proxy.ts'
import { startJava, tailOf, type JavaCommand, type JavaProcess } from './java.ts'
import { askMetadata } from './metadata.ts'
import { HOST } from './ports.ts'
import type { BrokerPlan } from './properties.ts'
import type { Warden } from './warden.ts'

const READY_MS_MAX = 90_000 // 3 s on an idle machine
const LOOK_MS = 100
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
  let java: JavaProcess | null = null
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
      try {
        await becomeReady(plan, process)
      } catch (cause) {
        process.signal('SIGKILL')
        await process.ended
        throw await notStarted(`broker ${plan.id}`, log, cause)
      }
    },
  }
}

/** The fault of a server that did not start, which carries the end of its log. */
export async function notStarted(name: string, log: string, cause: unknown): Promise<Fault> {
  const reason = cause instanceof Error ? cause.message : String(cause)
  const tail = await tailOf(log)
  return new Fault('unavailable', `${name} did not start: ${reason}\n${tail}`, {
    remedy: 'Read what it printed, above.',
    cause,
  })
}

/**
 * Waits until `look` finds a server ready. The log's word for it comes too early: a broker says
 * that it has started before it knows of leaders.
 */
export async function waitUntil(look: () => Promise<boolean>, process: JavaProcess): Promise<void> {
  const deadline = performance.now() + READY_MS_MAX
  while (!(await look().catch(() => false))) {
    if (!process.running()) throw new Error('its process ended')
    if (performance.now() > deadline) throw new Error(`no answer in ${READY_MS_MAX / 1000} s`)
    await delay(LOOK_MS)
  }
}

/** Ready: it answers, as a live member, and every partition that is its alone has a leader. */
const becomeReady = ({ id, internalPort }: BrokerPlan, process: JavaProcess): Promise<void> =>
  waitUntil(async () => {
    const { brokers, partitions } = await askMetadata(internalPort)
    const mine = partitions.filter(({ replicas }) => replicas.every((replica) => replica === id))
    return brokers.includes(id) && mine.every(({ leader }) => leader === id)
  }, process)
