import { execFileSync } from 'node:child_process'

/** Java runs the brokers, Maven brings their jars, OpenSSL makes the certificates. */
const PROGRAMS = ['java', 'mvn', 'openssl'] as const

/**
 * Why a test that starts Kafka is skipped; false: what it takes is there. Where STACK_REQUIRED is
 * set (in continuous integration) a missing program is an error.
 */
export function withoutKafka(): string | false {
  const missing = PROGRAMS.filter((program) => !isInstalled(program))
  if (missing.length === 0) return false
  const why = `Kafka cannot be started: install ${missing.join(', ')}`
  if (process.env.STACK_REQUIRED !== undefined) throw new Error(why)
  return why
}

function isInstalled(program: string): boolean {
  try {
    execFileSync('sh', ['-c', `command -v ${program}`], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}
