import { execFileSync } from 'node:child_process'
import { PYTHON, withoutReaders } from './python.ts'

const FIND = `import duckdb_extension_httpfs as package, pathlib
print(next(pathlib.Path(package.__file__).parent.rglob('httpfs.duckdb_extension')))`

/** Why a test that reads S3 by DuckDB itself is skipped; false: its extension is there. */
export const withoutHttpfs = (): string | false => withoutReaders('duckdb_extension_httpfs')

/** The file of DuckDB's extension httpfs, of the version that we use. */
export const httpfsExtension = (): string =>
  execFileSync(PYTHON, ['-c', FIND], { encoding: 'utf8' }).trim()
