import { systemClock } from '../src/flow/clock.ts'
import { openSqliteTape } from '../src/tape/sqlite-tape.ts'
import { tapeRuns } from './bench.ts'

const APPEND_TRADES = 50_000

/** node bench/fill.ts <folder> <source> <trades>: a process of its own, so that its memory is not the reader's. */
const [dir = '', source = '', trades = ''] = process.argv.slice(2)
await using tape = await openSqliteTape({ dir, mode: 'write', source, clock: systemClock })
for (const run of tapeRuns({ trades: Number(trades) }, APPEND_TRADES)) {
  const records = { ...run, key: new Uint32Array(run.count), keys: ['A'] }
  await tape.append([{ kind: 'records', records }])
}
