import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { liveYear } from './year.ts'

test('days in fast-forward end as one file each, with every row once', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'ticklake-year-'))
  const how = { days: 3, tradesADay: 4_000, commitsADay: 20, seed: 1, say: () => undefined }
  const days = await liveYear({ ...how, dir })
  assert.deepEqual(
    days.map(({ files }) => files),
    [1, 2, 3],
  )
  assert.ok((days.at(-1)?.rows ?? 0) > 10_000)
  await rm(dir, { recursive: true, force: true })
})
