import { execFileSync } from 'node:child_process'

/**
 * Why a test that starts a server is skipped, given what it lacks (a phrase each); false: nothing
 * lacks. Where STACK_REQUIRED is set (in continuous integration) a lack is an error.
 */
export function skipFor(server: string, lacks: readonly string[]): string | false {
  if (lacks.length === 0) return false
  const why = `${server} cannot be started: install ${lacks.join(', ')}`
  if (process.env.STACK_REQUIRED !== undefined) throw new Error(why)
  return why
}

/** Those of the programs that are not on the PATH. */
export const missing = (...programs: readonly string[]): string[] =>
  programs.filter((program) => !runs('sh', ['-c', `command -v ${program}`]))

/** Whether a program runs and ends well. */
export function runs(program: string, args: readonly string[]): boolean {
  try {
    execFileSync(program, args, { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}
