import { resolve } from 'node:path'
import { mavenFolder } from '../maven.ts'
import { missing, skipFor } from '../needs.ts'

/** The program that reads a table in Glue, run by `java -cp '<jars>/*'`. */
export const ICEBERG_READER = resolve(import.meta.dirname, 'Reader.java')

/**
 * The folder of jars of Iceberg's Java library, brought by Maven the first time. Faults:
 * `unavailable`.
 */
export const icebergJars = (): Promise<string> =>
  mavenFolder('iceberg-java', resolve(import.meta.dirname, 'pom.xml'))

/** Why a test that reads by Iceberg's Java library is skipped; false: what it takes is there. */
export const withoutIcebergJava = (): string | false =>
  skipFor("Iceberg's Java reader", missing('java', 'mvn'))
