import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { DAY_MS, DAY_ZERO_MS } from '../simulation/rolls.ts'
import { PYTHON, withoutReaders } from '../readers/python.ts'
import { writtenLake } from './written-lake.ts'

const run = promisify(execFile)
const SCRIPT = join(import.meta.dirname, '..', 'readers', 'lake_counts.py')

const skip = withoutReaders('pyiceberg', 'sqlalchemy', 'pyarrow')

test(
  'pyiceberg opens the table by name and sees what was written, and filters plan fewer files',
  { skip },
  async () => {
    await using at = await writtenLake({ commits: 4 })
    const iso = (ms: number) => new Date(ms).toISOString().slice(0, 19)
    const symbol = 'BINANCE:1000SHIBUSDT-PERPETUAL'
    const { stdout } = await run(PYTHON, [
      SCRIPT,
      join(at.dir, 'catalog.db'),
      symbol,
      iso(DAY_ZERO_MS + DAY_MS),
      iso(DAY_ZERO_MS + 2 * DAY_MS),
    ])
    const trades = at.written.filter((one) => one !== null)
    const total = at.written.length
    assert.deepEqual(JSON.parse(stdout), {
      rows: total,
      price: trades.reduce((sum, { price }) => sum + price, 0),
      volume: trades.reduce((sum, { volume }) => sum + volume, 0),
      offsets: (total * (total - 1)) / 2,
      defects: total - trades.length,
      dayRows: trades.filter(({ ms }) => Math.floor((ms - DAY_ZERO_MS) / DAY_MS) === 1).length,
      symbolRows: trades.filter((one) => one.symbol === symbol).length,
      files: 8,
      dayFiles: 1,
      symbolFiles: 3,
      sortOrder: 1,
      docs: true,
      snapshots: 4,
    })
    assert.equal((await at.lake.snapshot({ symbols: [symbol] })).files.length, 3)
  },
)
