import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { Fault } from '../../src/flow/fault.ts'
import { runJava } from '../java.ts'
import { propertiesText } from '../properties.ts'
import { TOOL_VM, serverVm, settingsFile, type Preparation, type Prepared } from './generation.ts'
import { kraftProperties, type BrokerPlan } from './properties.ts'

const LOG_SETTINGS = resolve(import.meta.dirname, '../kafka-4/log4j2.xml')
const LOG = `-Dlog4j2.configurationFile=${LOG_SETTINGS}`
const FORMAT_MS_MAX = 60_000 // 1 s on an idle machine

/**
 * Writes the settings of Kafka 4 and formats the folders that are not yet, all for one cluster.
 * `scram` are credentials in the words of `kafka-storage format --add-scram`. Faults: `invalid`
 * with what that tool said.
 */
export async function prepareKraft(
  preparation: Preparation,
  scram: readonly string[],
): Promise<Prepared> {
  const { jars, plan, heapMb, warden } = preparation
  const cluster = clusterId()
  await Promise.all(
    plan.brokers.map(async (broker) => {
      await writeFile(settingsFile(broker.dir), propertiesText(kraftProperties(broker, plan)))
      if (!isFormatted(broker)) await format(broker)
    }),
  )
  return {
    commandOf: ({ dir }) => ({
      jars: jars.broker,
      mainClass: 'kafka.Kafka',
      args: [settingsFile(dir)],
      vm: serverVm(heapMb, LOG),
    }),
    // The successor of a killed broker asks again until the old session is over.
    mournMs: 0,
    close: async () => undefined,
  }

  async function format({ dir }: BrokerPlan): Promise<void> {
    const credentials = scram.flatMap((credential) => ['--add-scram', credential])
    const args = ['format', '-t', cluster, '-c', settingsFile(dir), ...credentials]
    const mainClass = 'kafka.tools.StorageTool'
    const command = { jars: jars.broker, mainClass, args, vm: [...TOOL_VM, LOG] }
    const { code, stdout, stderr } = await runJava(command, { warden, msMax: FORMAT_MS_MAX })
    if (code !== 0)
      throw new Fault('invalid', `Kafka did not format ${dir}: ${stdout.toString()}${stderr}`, {
        remedy: 'See that the properties are right.',
      })
  }
}

const isFormatted = ({ dir }: BrokerPlan): boolean => existsSync(join(dir, 'data/meta.properties'))

/**
 * An id as Kafka makes them: 16 bytes in URL-safe base64; its tools take one that begins with `-`
 * for a flag.
 */
const clusterId = (): string => randomBytes(16).toString('base64url').replace(/^-/, 'A')
