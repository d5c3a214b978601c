import { motoPython } from './aws/moto.ts'
import { icebergJars } from './iceberg-java/jars.ts'
import { kafkaJars } from './kafka/jars.ts'
import { trinoFolder } from './trino/archive.ts'
import { trinoJava } from './trino/java.ts'

/**
 * Brings all that the servers are made of (MinIO aside, which is built where it is wished for), so
 * that no test waits for it. Faults: those of each.
 */
export async function prepare(): Promise<void> {
  await Promise.all([byPip(), byMaven()])
}

async function byPip(): Promise<void> {
  await motoPython()
  await trinoJava()
}

/** One after the other: two Mavens at once may spoil their common repository. */
async function byMaven(): Promise<void> {
  await kafkaJars('4')
  await kafkaJars('3')
  await icebergJars()
  await trinoFolder()
}
