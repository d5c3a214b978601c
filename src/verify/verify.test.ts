import assert from 'node:assert/strict'
import { readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import {
  openSmallLake,
  rowsOf,
  tradeText,
  type Side,
  type SmallLake,
} from '../../test/fixtures/small-lake.ts'
import { holdLocal, openDuckdb, type Hold } from '../duckdb/duckdb.ts'
import { Fault } from '../flow/fault.ts'
import type { Lake, LakeSnapshot } from '../lake/lake.ts'
import { offset, partition } from '../market/records.ts'
import { verify, type Extent, type Finding, type Verdict, type VerifyOptions } from './verify.ts'

const T0 = Date.UTC(2026, 10, 20, 15)
const trades = (count: number, from = 0): readonly string[] =>
  Array.from({ length: count }, (_, i) =>
    tradeText({ s: `S${i % 3}`, t: T0 + from + i, p: 100 + i / 8 }),
  )

type Verified = { readonly verdict: Verdict; readonly findings: readonly Finding[] }

async function verified(
  side: Side,
  lake?: Pick<Lake, 'snapshot'>,
  { hold, holdBytesMax, ...extent }: Extent & Pick<VerifyOptions, 'hold' | 'holdBytesMax'> = {},
): Promise<Verified> {
  const findings: Finding[] = []
  const [verdict] = await verify({
    sources: [{ ...side, lake: lake ?? side.lake, rows: rowsOf(side.table) }],
    extent,
    threads: 1,
    memoryMb: 256,
    spillDir: null,
    signal: new AbortController().signal,
    findingsMax: 100,
    found: (finding) => findings.push(finding),
    ...(hold && { hold }),
    ...(holdBytesMax !== undefined && { holdBytesMax }),
  })
  assert.ok(verdict)
  return { verdict, findings }
}

/** The lake with its one file rewritten by a SELECT over it (named `f`). */
async function rewritten(
  { records, dir }: SmallLake,
  select: string,
): Promise<Pick<Lake, 'snapshot'>> {
  const snapshot = await records.lake.snapshot()
  const [file] = snapshot.files
  assert.ok(file)
  const location = join(dir, 'rewritten.parquet')
  await using duckdb = await openDuckdb({
    threads: 1,
    memoryMb: 128,
    spillDir: null,
    readable: null,
  })
  using connection = await duckdb.connect()
  await connection.run(`CREATE TEMP VIEW f AS FROM read_parquet('${file.location}')`)
  await connection.run(`COPY (${select}) TO '${location}' (FORMAT parquet)`)
  return {
    snapshot: async (): Promise<LakeSnapshot> => ({ ...snapshot, files: [{ ...file, location }] }),
  }
}

test('a stretch that landed as it is passes, defects and partitions included', async () => {
  await using small = await openSmallLake({ partitions: 3, holes: true })
  await small.append([...trades(50), 'not JSON', tradeText({ s: 'S1', t: 1 })])
  await small.appendEvent({ kind: 'opened', at: T0 })
  await small.land()
  await small.append(trades(50, 1000))
  await small.land()
  const { verdict, findings } = await verified(small.records)
  assert.deepEqual(findings, [])
  assert.equal(verdict.passed, true)
  assert.equal(verdict.records, 102)
  assert.equal(verdict.rows, 102)
  assert.equal((await verified(small.feedLog)).verdict.records, 1)
})

test('what did not land yet is not asked for', async () => {
  await using small = await openSmallLake()
  await small.append(trades(10))
  await small.land()
  await small.append(trades(5, 100))
  const { verdict } = await verified(small.records)
  assert.deepEqual([verdict.passed, verdict.records], [true, 10])
})

test('names a missing record', async () => {
  await using small = await openSmallLake()
  await small.append(trades(10))
  await small.land()
  const lake = await rewritten(small, 'FROM f WHERE tape_offset <> 7')
  const { verdict, findings } = await verified(small.records, lake)
  assert.deepEqual([verdict.passed, verdict.missing], [false, 1])
  const where = { table: 'records', partition: partition(0) }
  assert.deepEqual(findings, [{ ...where, kind: 'missing', offset: offset(7) }])
})

test('names a repeated record and how often it is there', async () => {
  await using small = await openSmallLake()
  await small.append(trades(10))
  await small.land()
  const lake = await rewritten(small, 'FROM f UNION ALL FROM f WHERE tape_offset = 4')
  const { verdict, findings } = await verified(small.records, lake)
  assert.deepEqual([verdict.passed, verdict.repeated, verdict.altered], [false, 1, 0])
  const where = { table: 'records', partition: partition(0) }
  assert.deepEqual(findings, [{ ...where, kind: 'repeated', offset: offset(4), times: 2 }])
})

const ALTERATIONS = [
  ['price', 'nextafter(price, 1e9::DOUBLE)'],
  ['volume', '-volume'],
  ['symbol', "symbol || ' '"],
  ['ts', 'ts + INTERVAL 1 MICROSECOND'],
  ['conditions', 'NULL'],
  ['redelivered', 'NOT redelivered'],
  ['defect', "'no price'"],
  ['source', "'finnhub'"],
] as const
for (const [column, altered] of ALTERATIONS)
  test(`names a row whose ${column} was altered`, async () => {
    await using small = await openSmallLake()
    await small.append(trades(10))
    await small.land()
    const lake = await rewritten(
      small,
      `SELECT * REPLACE (CASE WHEN tape_offset = 3 THEN ${altered} ELSE ${column} END AS ${column}) FROM f`,
    )
    const { verdict, findings } = await verified(small.records, lake)
    assert.deepEqual([verdict.passed, verdict.altered], [false, 1])
    assert.deepEqual(
      findings.map((f) => (f.kind === 'altered' ? [f.offset, f.column] : f)),
      [[3, column]],
    )
  })

test('a zero that lost its sign is altered', async () => {
  await using small = await openSmallLake()
  await small.append(['{"c":null,"p":-0.0,"s":"A","t":1763997374633,"v":0}'], Date.UTC(2026, 0))
  await small.land()
  const lake = await rewritten(small, 'SELECT * REPLACE (abs(price) AS price) FROM f')
  assert.equal((await verified(small.records)).verdict.passed, true)
  assert.equal((await verified(small.records, lake)).verdict.altered, 1)
})

test('a row that stands for no record is foreign, before the position and past it', async () => {
  await using small = await openSmallLake()
  await small.append(trades(10))
  await small.land()
  const lake = await rewritten(
    small,
    `FROM f UNION ALL SELECT * REPLACE (900 AS tape_offset) FROM f WHERE tape_offset = 1
     UNION ALL SELECT * REPLACE (5 AS tape_partition) FROM f WHERE tape_offset = 2`,
  )
  const { verdict, findings } = await verified(small.records, lake)
  assert.deepEqual([verdict.passed, verdict.foreign, verdict.missing], [false, 2, 0])
  assert.deepEqual(
    findings.map(({ kind, partition }) => [kind, partition]),
    [
      ['foreign', 0],
      ['foreign', 5],
    ],
  )
})

test('a partition with records and no position fails', async () => {
  await using small = await openSmallLake()
  await small.append(trades(3))
  const { verdict, findings } = await verified(small.records)
  assert.deepEqual([verdict.passed, verdict.misplaced, verdict.landed], [false, 1, false])
  assert.equal(findings[0]?.kind, 'no position')
})

test('a position past the end of the tape fails', async () => {
  await using small = await openSmallLake()
  await small.append(trades(3))
  await small.land()
  const { positions, ...snapshot } = await small.records.lake.snapshot()
  const further = new Map([...positions].map(([p, { last }]) => [p, { next: offset(9), last }]))
  const lake = { snapshot: async () => ({ ...snapshot, positions: further }) }
  const { verdict, findings } = await verified(small.records, lake)
  assert.deepEqual([verdict.passed, verdict.misplaced, verdict.landed], [false, 1, true])
  assert.equal(findings[0]?.kind, 'past the end')
})

test('rows of trimmed records are unverifiable', async () => {
  await using small = await openSmallLake()
  await small.append(trades(10))
  await small.land()
  await small.append(trades(10, 100))
  await small.land()
  await small.tape.trades.trim(new Map([[partition(0), offset(10)]]))
  const earliest = (await small.tape.trades.bounds()).get(partition(0))?.earliest ?? 0
  const { verdict } = await verified(small.records)
  assert.ok(earliest > 0)
  assert.deepEqual(
    [verdict.passed, verdict.unverifiable, verdict.records],
    [true, earliest, 20 - earliest],
  )
})

test('rows of another log are unverifiable', async () => {
  await using small = await openSmallLake()
  await small.append(trades(10))
  await small.land()
  const lake = await rewritten(
    small,
    "FROM f UNION ALL SELECT * REPLACE ('another' AS tape) FROM f WHERE tape_offset < 3",
  )
  const { verdict } = await verified(small.records, lake)
  assert.deepEqual([verdict.passed, verdict.unverifiable, verdict.records], [true, 3, 10])
})

test('only the offsets that were asked for are compared', async () => {
  await using small = await openSmallLake()
  await small.append(trades(10))
  await small.land()
  const lake = await rewritten(small, 'FROM f WHERE tape_offset <> 7')
  const extent = { from: offset(2), to: offset(6) }
  const { verdict } = await verified(small.records, lake, extent)
  assert.deepEqual([verdict.passed, verdict.records], [true, 4])
})

test('a day is the records that came on it', async () => {
  await using small = await openSmallLake()
  const day = 86_400_000
  const noon = Math.floor(T0 / day) * day + day / 2
  await small.append(trades(4), noon)
  await small.append(trades(3), noon + day)
  await small.append(trades(2), noon + 2 * day)
  await small.land()
  const { verdict } = await verified(small.records, small.records.lake, { day: noon / day + 0.5 })
  assert.deepEqual([verdict.passed, verdict.records], [true, 3])
})

test('a data file that is gone or cut is named with its rows, and the others are compared', async () => {
  await using small = await openSmallLake()
  for (let at = 0; at < 300; at += 100) {
    await small.append(trades(100, at))
    await small.land()
  }
  const { files } = await small.records.lake.snapshot()
  const [gone, cut] = files.toSorted((a, b) => (a.location < b.location ? -1 : 1))
  assert.ok(gone && cut && files.length === 3)
  await rm(gone.location)
  const { verdict, findings } = await verified(small.records)
  const { passed, unreadable, missing, records, altered, foreign } = verdict
  assert.deepEqual([passed, unreadable, missing, records], [false, 1, 100, 300])
  assert.deepEqual([altered, foreign], [0, 0])
  const [finding, ...others] = findings
  assert.ok(finding?.kind === 'unreadable')
  assert.deepEqual([finding.file, finding.rows, finding.partition], [gone.location, 100, 0])
  assert.equal(Number(finding.next) - Number(finding.first), 100)
  assert.deepEqual(others, [])

  await truncate(cut.location, Math.floor(cut.sizeBytes / 2))
  const again = await verified(small.records)
  assert.deepEqual([again.verdict.unreadable, again.verdict.missing], [2, 200])
  assert.deepEqual(
    again.findings.map(({ kind }) => kind),
    ['unreadable', 'unreadable'],
  )
})

test('a file whose pages are damaged behind a sound footer is named', async () => {
  await using small = await openSmallLake()
  await small.append(trades(500))
  await small.land()
  const [file] = (await small.records.lake.snapshot()).files
  assert.ok(file)
  const bytes = await readFile(file.location)
  await writeFile(file.location, bytes.fill(0xff, 4, Math.floor(bytes.length / 2)))
  const { verdict, findings } = await verified(small.records)
  assert.deepEqual([verdict.passed, verdict.unreadable, verdict.missing], [false, 1, 500])
  assert.equal(findings[0]?.kind, 'unreadable')
})

test('a file that cannot be read is no matter where its offsets were not asked for', async () => {
  await using small = await openSmallLake()
  await small.append(trades(100))
  await small.land()
  await small.append(trades(100, 100))
  await small.land()
  const { files } = await small.records.lake.snapshot()
  const [gone] = files
  assert.ok(gone)
  await rm(gone.location)
  const [told] = (await verified(small.records)).findings
  assert.ok(told?.kind === 'unreadable')
  const other = told.first === 0 ? { from: offset(100) } : { to: offset(100) }
  const { verdict } = await verified(small.records, small.records.lake, other)
  assert.deepEqual([verdict.passed, verdict.records], [true, 100])
})

test('rows that another engine struck out are missing', async () => {
  await using small = await openSmallLake()
  await small.append(trades(10))
  await small.land()
  const snapshot = await small.records.lake.snapshot()
  const [file] = snapshot.files
  assert.ok(file)
  const location = join(small.dir, 'deletes.parquet')
  await using duckdb = await openDuckdb({
    threads: 1,
    memoryMb: 128,
    spillDir: null,
    readable: null,
  })
  using connection = await duckdb.connect()
  const [[at, row] = []] = await connection.all(
    `SELECT tape_offset, file_row_number FROM read_parquet('${file.location}') WHERE tape_offset = 6`,
  )
  await connection.run(
    `COPY (SELECT '${file.location}' AS file_path, ${Number(row)}::BIGINT AS pos) TO '${location}'
     (FIELD_IDS {file_path: 2147483546, pos: 2147483545})`,
  )
  const deletes = [{ location, sizeBytes: 1, rows: 1 }]
  const lake = { snapshot: async () => ({ ...snapshot, files: [{ ...file, deletes }] }) }
  const { verdict, findings } = await verified(small.records, lake)
  assert.deepEqual([verdict.passed, verdict.missing, verdict.rows], [false, 1, 9])
  assert.deepEqual(
    findings.map((finding) => [finding.kind, 'offset' in finding && finding.offset]),
    [['missing', Number(at)]],
  )
  await rm(location)
  const lost = await verified(small.records, lake)
  assert.deepEqual([lost.verdict.unreadable, lost.findings.length], [1, 1])
})

test('of many files only so many are held at a time, and each is read', async () => {
  await using small = await openSmallLake({ partitions: 2 })
  for (let i = 0; i < 8; i++) {
    await small.append(trades(20, i * 1000))
    await small.land()
  }
  const { files } = await small.records.lake.snapshot()
  const most = Math.max(...files.map(({ sizeBytes }) => sizeBytes))
  const seen = { groups: 0, most: 0 }
  const hold: Hold = async (held, signal) => {
    seen.groups += 1
    seen.most = Math.max(seen.most, held.length)
    return await holdLocal(held, signal)
  }
  const reads = { hold, holdBytesMax: 3 * most }
  const { verdict } = await verified(small.records, undefined, reads)
  assert.deepEqual([verdict.passed, verdict.records, verdict.rows], [true, 160, 160])
  assert.ok(seen.groups >= Math.ceil(files.length / 3), `${seen.groups} groups`)
  const first = await verified(small.records, undefined, { to: offset(5), ...reads })
  assert.deepEqual([first.verdict.passed, first.verdict.records], [true, 10])
})

test('a store that is away ends it; files are not called unreadable for that', async () => {
  await using small = await openSmallLake()
  await small.append(trades(10))
  await small.land()
  const hold: Hold = async () => {
    throw new Fault('unavailable', 'the store is away', { remedy: 'Wait.' })
  }
  await assert.rejects(verified(small.records, undefined, { hold }), /the store is away/)
})
