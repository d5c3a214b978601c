import { execFile } from 'node:child_process'
import { dirname } from 'node:path'
import { promisify } from 'node:util'
import { Fault } from '../src/flow/fault.ts'
import { cached } from './cache.ts'

const MAVEN_MS_MAX = 600_000 // 800 MB, the largest, through a slow mirror
const MAVEN_REMEDY =
  'Install Maven and a JDK (17 or later), and see that Maven reaches Maven Central or a mirror.'
const run = promisify(execFile)

/**
 * The folder of what a pom depends on, `.cache/<name>`; `unpack` may change the fresh folder before
 * it is kept. Faults: `unavailable`.
 */
export const mavenFolder = (
  name: string,
  pom: string,
  unpack: (folder: string) => Promise<void> = async () => undefined,
): Promise<string> =>
  cached({
    name,
    recipe: pom,
    msMax: MAVEN_MS_MAX,
    make: async (into) => {
      await runMaven(pom, into)
      await unpack(into)
    },
  })

async function runMaven(pom: string, into: string): Promise<void> {
  const quiet = ['-q', '-B', '-Dstyle.color=never']
  const copy = [
    'dependency:copy-dependencies',
    '-DincludeScope=runtime',
    `-DoutputDirectory=${into}`,
  ]
  try {
    await run('mvn', [...quiet, '-f', pom, ...copy], { cwd: dirname(pom), timeout: MAVEN_MS_MAX })
  } catch (cause) {
    const { stdout = '', message } = cause as Error & { stdout?: string }
    const said = /\[ERROR\] (.+)/.exec(stdout)?.[1] ?? message
    throw new Fault('unavailable', `Maven did not resolve ${pom}: ${said}`, {
      remedy: MAVEN_REMEDY,
      cause,
    })
  }
}
