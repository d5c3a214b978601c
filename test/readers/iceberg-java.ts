import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { ICEBERG_READER, icebergJars } from '../../stack/iceberg-java/jars.ts'
import type { Reading, ReadingOptions } from './reading.ts'

const READ_MS_MAX = 300_000
const VM = ['-Xmx512M', '-XX:+UseSerialGC', '-Dorg.slf4j.simpleLogger.defaultLogLevel=warn']
const run = promisify(execFile)

/** What Iceberg's own Java library sees. Rejects with what it printed. */
export async function readByJava({ table, filters = [], env }: ReadingOptions): Promise<Reading> {
  const jars = await icebergJars()
  const { stdout } = await run(
    'java',
    [...VM, '-cp', `${jars}/*`, ICEBERG_READER, table, ...filters],
    { env: { ...process.env, ...env }, timeout: READ_MS_MAX },
  )
  return JSON.parse(stdout) as Reading
}
