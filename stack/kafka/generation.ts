import { join } from 'node:path'
import type { JavaCommand } from '../java.ts'
import type { Warden } from '../warden.ts'
import type { KafkaJars } from './jars.ts'
import type { BrokerPlan, ClusterPlan } from './properties.ts'

/** What a generation of Kafka needs to prepare its servers. */
export type Preparation = {
  readonly jars: KafkaJars
  readonly plan: ClusterPlan
  readonly heapMb: number
  readonly warden: Warden
}

/** What the brokers of a prepared generation are started by. */
export type Prepared = {
  commandOf(broker: BrokerPlan): JavaCommand
  /**
   * Milliseconds for which a killed broker still counts as alive, and its successor would be
   * refused.
   */
  readonly mournMs: number
  /** Stops what the brokers leaned on, once they are stopped. */
  close(): Promise<void>
}

/** Arguments of the virtual machine of a server. */
export const serverVm = (heapMb: number, log: string): string[] => [
  `-Xms${Math.ceil(heapMb / 2)}M`,
  `-Xmx${heapMb}M`,
  '-XX:+ExitOnOutOfMemoryError',
  log,
]

/** Arguments of the virtual machine of a tool that lives a second or two. */
export const TOOL_VM: readonly string[] = [
  '-Xmx512M',
  '-XX:+UseSerialGC',
  '-XX:TieredStopAtLevel=1',
]

export const settingsFile = (dir: string): string => join(dir, 'server.properties')
