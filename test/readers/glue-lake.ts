import { execFile } from 'node:child_process'
import { resolve } from 'node:path'
import { promisify } from 'node:util'
import { PYTHON, withoutReaders } from './python.ts'
import type { Reading, ReadingOptions } from './reading.ts'

const PROGRAM = resolve(import.meta.dirname, 'glue_lake.py')
const READ_MS_MAX = 300_000
const run = promisify(execFile)

/** Why a test that reads through pyiceberg's Glue catalog is skipped; false: it is there. */
export const withoutGlueLake = (): string | false =>
  withoutReaders('pyiceberg.catalog.glue', 'boto3', 'pyarrow')

/** What pyiceberg sees. Rejects with what it printed. */
export async function readGlueLake({ table, filters = [], env }: ReadingOptions): Promise<Reading> {
  const { stdout } = await run(PYTHON, [PROGRAM, table, ...filters], {
    env: { ...process.env, ...env },
    timeout: READ_MS_MAX,
  })
  return JSON.parse(stdout) as Reading
}
