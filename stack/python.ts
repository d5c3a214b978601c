import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { Fault } from '../src/flow/fault.ts'
import { cached } from './cache.ts'

const PIP_MS_MAX = 600_000 // 300 MB, through a slow mirror
const run = promisify(execFile)

/** The Python of this machine that environments are made with: STACK_PYTHON, else `python3`. */
export const systemPython = (): string => process.env.STACK_PYTHON ?? 'python3'

/**
 * The Python of a virtual environment, `.cache/<name>`, that holds what a requirements file names.
 * Its folder was renamed, so programs are run as `python -m`. Faults: `invalid` without a Python
 * that makes environments, `unavailable` with what pip said.
 */
export async function pythonWith(name: string, requirements: string): Promise<string> {
  const pythonIn = (folder: string) => join(folder, 'bin/python')
  const make = async (into: string) => {
    await attempt(systemPython(), ['-m', 'venv', into], noPython)
    const install = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check']
    await attempt(pythonIn(into), [...install, '-r', requirements], notInstalled(requirements))
  }
  return pythonIn(await cached({ name, recipe: requirements, msMax: PIP_MS_MAX, make }))
}

async function attempt(
  program: string,
  args: readonly string[],
  failed: (said: string, cause: unknown) => Fault,
): Promise<void> {
  try {
    await run(program, args, { timeout: PIP_MS_MAX })
  } catch (cause) {
    const { stdout = '', stderr = '', message } = cause as Error & Record<string, string>
    throw failed(`${stdout}${stderr}`.trim() || message, cause)
  }
}

const noPython = (said: string, cause: unknown): Fault =>
  new Fault('invalid', `${systemPython()} makes no virtual environment: ${said}`, {
    remedy: 'Install Python 3.10 or later with python3-venv, or name another in STACK_PYTHON.',
    cause,
  })

const notInstalled =
  (requirements: string) =>
  (said: string, cause: unknown): Fault =>
    new Fault('unavailable', `pip did not install ${requirements}: ${said}`, {
      remedy: 'See that pip reaches PyPI or a mirror.',
      cause,
    })
