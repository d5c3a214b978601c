import { resolve } from 'node:path'
import { mavenFolder } from '../maven.ts'

/** 4 is KRaft (Apache Kafka 4.4.0), 3 is ZooKeeper (3.8.0). */
export const KAFKA_VERSIONS = ['4', '3'] as const
export type KafkaVersion = (typeof KAFKA_VERSIONS)[number]

/** Folders of jars, ready as a Java class path when followed by `/*`. */
export type KafkaJars = { readonly broker: string; readonly tools: string }

const jarsOf = (name: string): Promise<string> =>
  mavenFolder(name, resolve(import.meta.dirname, '..', name, 'pom.xml'))

/** The jars of a version, brought by Maven the first time. Faults: `unavailable`. */
export async function kafkaJars(version: KafkaVersion): Promise<KafkaJars> {
  const broker = await jarsOf(`kafka-${version}`)
  return { broker, tools: version === '4' ? await jarsOf('kafka-4-tools') : broker }
}
