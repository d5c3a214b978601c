import assert from 'node:assert/strict'
import { test } from 'node:test'
import { freshSeed, seededRandom } from '../flow/random.ts'
import { lookBack, type Window } from './look-back.ts'

const AS_OF = { covers: 'lake and tail', receivedMs: null, degraded: false } as const
const DAY_MS = 86_400_000
const NOW_MS = Date.UTC(2026, 10, 27)

type Log = { readonly rows: readonly number[]; readonly isLeaping: boolean }

/** Looks back over rows that are their own moments, oldest first; what was found, and how many rows were read. */
async function lookedBack({ rows, isLeaping }: Log, asked: Window & { readonly count: number }) {
  const within = ({ fromMs, toMs }: Window) =>
    rows.filter((ms) => ms >= (fromMs ?? -Infinity) && ms < (toMs ?? Infinity))
  let read = 0
  let statements = 0
  const looking = {
    ...asked,
    firstMs: 3_600_000,
    nowMs: NOW_MS,
    isAnyBefore: async (ms: number) => (rows[0] ?? Infinity) < ms,
    newestIn: async (window: Window) => {
      statements += 1
      const newest = within(window).at(-1)
      return newest === undefined ? null : newest + 60_000
    },
  }
  const { found } = await lookBack(
    isLeaping ? looking : { ...looking, newestIn: null },
    async (window, count) => {
      statements += 1
      const there = within(window)
      read += there.length
      return { asOf: AS_OF, found: there.toReversed().slice(0, count) }
    },
  )
  return { found, read, statements }
}

const seed = freshSeed()
test(`the newest rows are found, however they lie in time (seed=${seed})`, async () => {
  const random = seededRandom(seed)
  for (let run = 0; run < 500; run++) {
    const rows: number[] = []
    const length = random.integer(400)
    let ms = NOW_MS - random.integer(3) * 100 * DAY_MS - random.integer(DAY_MS)
    while (rows.length < length && ms > 0) {
      rows.push(ms)
      const pause = [1, 1000, 60_000, DAY_MS, 50 * DAY_MS][random.integer(5)] ?? 1
      ms -= 1 + random.integer(random.integer(10) === 0 ? pause : 1000)
    }
    rows.reverse()
    const someMs = () => NOW_MS - random.integer(400 * DAY_MS)
    const asked = {
      fromMs: random.integer(2) === 0 ? null : someMs(),
      toMs: random.integer(2) === 0 ? null : someMs(),
      count: 1 + random.integer(300),
    }
    const { fromMs, toMs, count } = asked
    const inside = rows.filter((at) => at >= (fromMs ?? 0) && at < (toMs ?? Infinity))
    const { found } = await lookedBack({ rows, isLeaping: random.integer(2) === 0 }, asked)
    assert.deepEqual(found, inside.toReversed().slice(0, count), `run ${run}`)
  }
})

test('what lies months back is found without reading the months before it', async () => {
  const rows = Array.from({ length: 200_000 }, (_, i) => NOW_MS - 300 * DAY_MS + i * 60_000)
  const asked = { fromMs: null, toMs: null, count: 100 }
  const { found, read, statements } = await lookedBack({ rows, isLeaping: true }, asked)
  assert.deepEqual(found, rows.slice(-100).toReversed())
  assert.ok(read < 400, `${read} rows were read`)
  assert.ok(statements < 12, `${statements} statements`)
})

test('a little that is missing is looked for in a stretch that is a little longer', async () => {
  const rows = Array.from({ length: 50_000 }, (_, i) => NOW_MS - (50_000 - i) * 60_000)
  const { read } = await lookedBack(
    { rows, isLeaping: true },
    { fromMs: null, toMs: null, count: 80 },
  )
  assert.ok(read < 160, `${read} rows were read`)
})
