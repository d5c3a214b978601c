import { runs, skipFor } from '../needs.ts'
import { systemPython } from '../python.ts'

const CHECK = 'import ensurepip, venv, sys; sys.exit(sys.version_info < (3, 10))' // moto 5.2.5

/** What moto lacks on this machine: `venv` without `ensurepip` makes no environment with pip. */
export const lacksOfAws = (): string[] =>
  runs(systemPython(), ['-c', CHECK]) ? [] : ['Python 3.10 or later with python3-venv']

/** Why a test that starts moto is skipped; false: what it takes is there. */
export const withoutAws = (): string | false => skipFor('moto', lacksOfAws())
