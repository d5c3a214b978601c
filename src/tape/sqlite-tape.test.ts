import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { tapeConformance } from '../../test/conformance/tape.ts'
import type { OpenOptions, TapeWorld } from '../../test/conformance/tape-world.ts'
import { systemClock } from '../flow/clock.ts'
import { openSqliteTape } from './sqlite-tape.ts'

const sqliteWorld = async (): Promise<TapeWorld> => {
  const dir = await mkdtemp(join(tmpdir(), 'ticklake-tape-'))
  return {
    open: ({ mode = 'write', source = 'simulator', ...open }: OpenOptions = {}) =>
      openSqliteTape({ dir, mode, source, clock: systemClock, ...open }),
    [Symbol.asyncDispose]: () => rm(dir, { recursive: true }),
  }
}

tapeConformance('the SQLite tape', { world: sqliteWorld, partitions: 1 })
