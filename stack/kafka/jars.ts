import { execFile } from 'node:child_process'
import { cp, mkdir, mkdtemp, readFile, readdir, rename, rm, stat } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { Fault } from '../../src/flow/fault.ts'

/** 4 is KRaft (Apache Kafka 4.4.0), 3 is ZooKeeper (3.8.0). */
export const KAFKA_VERSIONS = ['4', '3'] as const
export type KafkaVersion = (typeof KAFKA_VERSIONS)[number]

/** Folders of jars, ready as a Java class path when followed by `/*`. */
export type KafkaJars = { readonly broker: string; readonly tools: string }

const MAVEN_MS_MAX = 600_000 // 50 MB of jars through a slow mirror
const MAVEN_REMEDY =
  'Install Maven and a JDK (17 or later), and see that Maven reaches Maven Central or a mirror.'
const MAKING = '.making-'
const STACK = resolve(import.meta.dirname, '..')
const CACHE = resolve(STACK, '../.cache')
const run = promisify(execFile)

/**
 * The jars of a version, from `.cache/` at the root of the repository when they were resolved by
 * the same pom, else by Maven. Whole or absent: they are made beside their place and renamed.
 * Faults: `unavailable`.
 */
export async function kafkaJars(version: KafkaVersion): Promise<KafkaJars> {
  const broker = await resolved(`kafka-${version}`)
  return { broker, tools: version === '4' ? await resolved('kafka-4-tools') : broker }
}

/** The folder of jars of `stack/<name>/pom.xml`; the pom it was made by lies in it. */
async function resolved(name: string): Promise<string> {
  const pom = join(STACK, name, 'pom.xml')
  const place = join(CACHE, name)
  if (await isMadeBy(place, pom)) return place
  await mkdir(CACHE, { recursive: true })
  await removeLeftovers(`${name}${MAKING}`)
  const made = await mkdtemp(join(CACHE, `${name}${MAKING}`))
  try {
    await runMaven(pom, made)
    await cp(pom, join(made, 'pom.xml'))
    await rm(place, { recursive: true, force: true })
    await rename(made, place)
  } catch (error) {
    // Another process may have made the same between our look and our rename.
    if (!(await isMadeBy(place, pom))) throw error
  } finally {
    await rm(made, { recursive: true, force: true })
  }
  return place
}

/** Of downloads that were killed: older than one can last. */
async function removeLeftovers(prefix: string): Promise<void> {
  for (const entry of await readdir(CACHE)) {
    if (!entry.startsWith(prefix)) continue
    const place = join(CACHE, entry)
    const since = await stat(place).catch(() => null) // its maker has just renamed it
    if (since !== null && Date.now() - since.mtimeMs > MAVEN_MS_MAX)
      await rm(place, { recursive: true, force: true })
  }
}

async function isMadeBy(place: string, pom: string): Promise<boolean> {
  try {
    return (await readFile(join(place, 'pom.xml'))).equals(await readFile(pom))
  } catch {
    return false
  }
}

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
