import { execFileSync } from 'node:child_process'

/** The Python that has the readers of test/readers/requirements.txt. */
export const PYTHON = process.env.READERS_PYTHON ?? 'python3'

/**
 * Why a test that needs these Python modules is skipped; false: they are there. Where READERS_REQUIRED is set
 * (in continuous integration) a missing one is an error.
 */
export function withoutReaders(...modules: readonly string[]): string | false {
  try {
    execFileSync(PYTHON, ['-c', `import ${modules.join(', ')}`], { stdio: 'ignore' })
    return false
  } catch {
    const why = `${PYTHON} lacks one of ${modules.join(', ')}: install test/readers/requirements.txt and name that Python in READERS_PYTHON`
    if (process.env.READERS_REQUIRED !== undefined) throw new Error(why)
    return why
  }
}
