import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { answerAs, serveLake, type ServedLake } from '../../../test/fixtures/served-lake.ts'
import { ask, openSmallLake, tradeText, type SmallLake } from '../../../test/fixtures/small-lake.ts'
import { strikeRows } from '../../../test/fixtures/struck-rows.ts'
import { memoryCatalog } from '../../lake/memory-catalog.ts'
import { memoryStore } from '../../lake/memory-store.ts'
import { RECORDS } from '../../market/tables.ts'
import { ApiError } from '../contract/common.ts'
import { FileAnswer, FilesAnswer, LakeAnswer, SnapshotsAnswer } from '../contract/lake.ts'

const DAY_MS = 86_400_000
const NOON = Date.UTC(2026, 10, 20, 12)

const at = (hours: number, s = 'AAPL') => tradeText({ s, t: NOON + hours * 3_600_000, p: 100.25 })

/** Two days and one record without a time, in three commits; a gap in the feed log. */
async function landSome(small: SmallLake): Promise<void> {
  await small.append([at(0), at(1, 'MSFT'), at(2)], NOON)
  await small.land()
  await small.append([at(24), at(25, 'ÅÄÖ'), 'no trade at all'], NOON + DAY_MS)
  await small.land()
  await small.append([at(26)], NOON + DAY_MS)
  await small.appendEvent({ kind: 'closed', at: NOON, cause: 'told to' })
  await small.land()
}

const summary = async (served: ServedLake, table?: string) =>
  answerAs(LakeAnswer, await served.get(`/api/lake${table === undefined ? '' : `?table=${table}`}`))
const filesOf = async (served: ServedLake, day: string, table = 'records') =>
  answerAs(FilesAnswer, await served.get(`/api/lake/files?table=${table}&day=${day}`)).files
const refused = async (served: ServedLake, path: string) => {
  const { status, body } = await served.get(path)
  const { error } = ApiError.parse(body)
  assert.ok(error.remedy !== '')
  return { status, ...error }
}

test('days add up to the lake, the newest first, records without a time last', async () => {
  await using small = await openSmallLake()
  await landSome(small)
  await using served = await serveLake(small)
  const { days, ...lake } = await summary(served)
  assert.deepEqual(
    days.map(({ day, files, small_files, rows }) => [day, files, small_files, rows]),
    [
      ['2026-11-21', 2, 2, 3],
      ['2026-11-20', 1, 0, 3], // alone in its day: there is nothing to join it with
      [null, 1, 0, 1],
    ],
  )
  const snapshot = await small.records.lake.snapshot()
  const bytes = snapshot.files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)
  assert.deepEqual(lake, {
    table: 'records',
    location: join(small.dir, 'lake'),
    catalog: 'memory',
    snapshot: snapshot.id,
    files: 4,
    small_files: 2,
    rows: 7,
    deleted_rows: 0,
    bytes,
    snapshots: 3,
  })
  assert.equal(
    days.reduce((sum, day) => sum + day.bytes, 0),
    bytes,
  )
  await small.append([at(27)])
  await small.land()
  assert.equal((await summary(served)).rows, 8)
})

test('files of a day have the bounds that SQL finds in them', async () => {
  await using small = await openSmallLake()
  await landSome(small)
  await using served = await serveLake(small)
  const [first, second, ...more] = await filesOf(served, '2026-11-21')
  assert.deepEqual(more, [])
  assert.deepEqual(
    [first?.rows, first?.from, first?.to, first?.first_symbol, first?.last_symbol],
    [2, '2026-11-21T12:00:00.000Z', '2026-11-21T13:00:00.000Z', 'AAPL', 'ÅÄÖ'],
  )
  assert.deepEqual([second?.rows, second?.from, second?.deleted_rows], [1, second?.to, 0])
  assert.match(String(first?.name), /^data\/.*2026-11-21\/[^/]+\.parquet$/)
  assert.match(String(first?.id), /^[0-9a-f]{16}$/)
  const [none] = await filesOf(served, 'none')
  assert.deepEqual([none?.rows, none?.from, none?.to, none?.first_symbol], [1, null, null, null])
  assert.deepEqual(await filesOf(served, '1999-01-01'), [])
})

test("one file's columns are those of the table, with what is really in them", async () => {
  await using small = await openSmallLake()
  await landSome(small)
  await using served = await serveLake(small)
  const [listed] = await filesOf(served, '2026-11-20')
  assert.ok(listed)
  const answered = await served.get(`/api/lake/file?id=${listed.id}`)
  const { columns, row_groups, created_by, day, ...file } = answerAs(FileAnswer, answered)
  assert.deepEqual(file, listed)
  assert.equal(day, '2026-11-20')
  assert.match(String(created_by), /DuckDB/)
  assert.deepEqual(
    row_groups.map(({ rows }) => rows),
    [3],
  )
  assert.deepEqual(
    columns.map(({ name, field_id }) => [name, field_id]),
    RECORDS.fields.map(({ name, id }) => [name, id]),
  )
  const [found = []] = await ask(
    served.query,
    `SELECT min(symbol), max(symbol), epoch_ms(min(ts)), epoch_ms(max(ts)), max(tape_offset)::VARCHAR
     FROM records WHERE ts::DATE = '2026-11-20'`,
  )
  const column = (name: string) => columns.find((one) => one.name === name)
  const bounds = (name: string) => [column(name)?.min, column(name)?.max]
  assert.deepEqual(bounds('symbol'), [found[0], found[1]])
  assert.deepEqual(
    bounds('ts').map((text) => Date.parse(`${text}Z`)),
    [found[2], found[3]].map(Number),
  )
  assert.deepEqual(bounds('price'), ['100.25', '100.25'])
  assert.equal(column('tape_offset')?.max, found[4])
  assert.deepEqual([column('ts')?.type, column('ts')?.compression], ['TIMESTAMP', 'ZSTD'])
  assert.deepEqual([column('raw')?.nulls, column('raw')?.min], [3, null])
  assert.equal(
    columns.reduce((sum, { bytes }) => sum + bytes, 0),
    row_groups.reduce((sum, { bytes }) => sum + bytes, 0),
  )
})

test('only the end of a file is read, and once', async () => {
  await using small = await openSmallLake()
  const many = Array.from({ length: 60_000 }, (_, i) =>
    tradeText({ s: `S${i % 997}`, t: NOON + i, p: Math.sin(i) * 1000, v: Math.cos(i) * 1000 }),
  )
  await small.append(many, NOON)
  await small.land()
  await using served = await serveLake(small)
  const [listed] = await filesOf(served, '2026-11-20')
  assert.ok(listed !== undefined && listed.bytes > 200_000)
  const before = served.reads.length
  const path = `/api/lake/file?id=${listed.id}`
  const all = await Promise.all([served.get(path), served.get(path), served.get(path)])
  for (const { status } of all) assert.equal(status, 200)
  assert.deepEqual(
    served.reads.slice(before).map(({ bytes }) => bytes),
    [65_536],
  )
})

test('a lake that is no folder of this machine is read through its store', async () => {
  const store = memoryStore()
  const elsewhere = { store, catalog: memoryCatalog(), namespace: 'market' }
  await using small = await openSmallLake({}, elsewhere)
  await landSome(small)
  await using served = await serveLake(small, { store })
  const [listed] = await filesOf(served, '2026-11-20')
  const answered = await served.get(`/api/lake/file?id=${listed?.id}`)
  assert.equal(answerAs(FileAnswer, answered).columns.length, RECORDS.fields.length)
})

test('the feed log is looked at like the records', async () => {
  await using small = await openSmallLake()
  await landSome(small)
  await using served = await serveLake(small)
  const { days, rows } = await summary(served, 'feed_log')
  assert.equal(rows, 1)
  const [listed] = await filesOf(served, String(days[0]?.day), 'feed_log')
  assert.deepEqual([listed?.first_symbol, listed?.from], [null, '2026-11-20T12:00:00.000Z'])
  const path = `/api/lake/file?table=feed_log&id=${listed?.id}`
  const { columns } = answerAs(FileAnswer, await served.get(path))
  assert.equal(columns.find(({ name }) => name === 'cause')?.min, 'told to')
  assert.equal((await refused(served, `/api/lake/file?id=${listed?.id}`)).kind, 'invalid')
})

test('rows that another engine struck out are counted once', async () => {
  await using small = await openSmallLake()
  await landSome(small)
  await using served = await serveLake(small)
  const { files } = await small.records.lake.snapshot({ fromMs: NOON + DAY_MS / 2 })
  const file = files.find(({ rows }) => rows === 2)
  assert.ok(file)
  await strikeRows(small.records.lake.tended(), file, { places: [1], dir: small.dir })
  const { days, deleted_rows, rows } = await summary(served)
  assert.deepEqual([rows, deleted_rows], [7, 1])
  assert.deepEqual(
    days.map((day) => day.deleted_rows),
    [1, 0, 0],
  )
  const listed = await filesOf(served, '2026-11-21')
  assert.deepEqual(
    listed.map((one) => one.deleted_rows),
    [1, 1], // its bounds name no file: it may speak of each
  )
})

test('a lake without commits is empty, and says so', async () => {
  await using small = await openSmallLake()
  await using served = await serveLake(small)
  const { snapshot, days, files } = await summary(served)
  assert.deepEqual([snapshot, days, files], [null, [], 0])
  assert.deepEqual(await filesOf(served, 'none'), [])
  const { snapshots } = answerAs(SnapshotsAnswer, await served.get('/api/lake/snapshots'))
  assert.deepEqual(snapshots, [])
})

test('each snapshot tells what it changed; its offsets are exactly its rows', async () => {
  await using small = await openSmallLake()
  await landSome(small)
  await using served = await serveLake(small)
  const { snapshots } = answerAs(SnapshotsAnswer, await served.get('/api/lake/snapshots'))
  assert.deepEqual(
    snapshots.map((one) => [one.operation, one.added_rows, one.removed_rows, one.total_rows]),
    [
      ['append', 1, null, 7],
      ['append', 3, null, 6],
      ['append', 3, null, 3],
    ],
  )
  assert.equal(snapshots[0]?.id, (await summary(served)).snapshot)
  for (const { landed, added_rows, by } of snapshots) {
    assert.equal(by, 'ticklake')
    const stretches = landed.map(
      (one) =>
        `(tape = '${one.tape}' AND tape_partition = ${one.tape_partition} AND tape_offset >= ${one.first_offset} AND tape_offset < ${one.next_offset})`,
    )
    const [found] = await ask(
      served.query,
      `SELECT count(*)::INT FROM records WHERE ${stretches.join(' OR ')}`,
    )
    assert.deepEqual(found, [added_rows])
  }
})

test('no id names a file outside of the snapshot, whatever it looks like', async () => {
  await using small = await openSmallLake()
  await landSome(small)
  await using served = await serveLake(small)
  const { files } = await small.records.lake.snapshot()
  const location = files[0]?.location ?? ''
  await writeFile(
    join(small.dir, 'lake/market/records/data/stray.parquet'),
    await readFile(location),
  )
  const before = served.reads.length
  const hostile = [
    '../../../../etc/passwd',
    '/etc/passwd',
    'data/stray.parquet',
    'market/records/data/stray.parquet',
    location, // even of a file that is in it: a path is no id
    `file://${location}`,
    'https://example.org/x.parquet',
    "'; SELECT 1 --",
    '__proto__',
    'constructor',
    '\0',
    '%2e%2e%2f',
    'f'.repeat(16),
    'f'.repeat(100_000),
    '',
  ]
  for (const id of hostile) {
    const { status, kind, message, remedy } = await refused(
      served,
      `/api/lake/file?id=${encodeURIComponent(id)}`,
    )
    assert.deepEqual([status, kind], [400, 'invalid'], id)
    assert.ok(id.length < 3 || !(message + remedy).includes(id), id)
  }
  assert.equal((await refused(served, '/api/lake/file')).status, 400)
  assert.deepEqual(
    served.reads.slice(before).filter(({ key }) => key.endsWith('.parquet')),
    [],
  )
})

test('days and tables that are none are refused in words', async () => {
  await using small = await openSmallLake()
  await using served = await serveLake(small)
  for (const day of ['today', '2026-02-30', '2026-1-1', '20261120', "1' OR '1", '../x', ''])
    assert.match(
      (await refused(served, `/api/lake/files?day=${encodeURIComponent(day)}`)).message,
      /day/,
      day,
    )
  const { message } = await refused(served, '/api/lake?table=secrets')
  assert.match(message, /table/)
})

test('a damaged file is told as damaged, and is no fault of the server', async () => {
  await using small = await openSmallLake()
  await landSome(small)
  await using served = await serveLake(small)
  const { files } = await small.records.lake.snapshot()
  const [listed] = await filesOf(served, '2026-11-20')
  const location = files.find(({ location }) => location.endsWith(listed?.name ?? '?'))?.location
  assert.ok(location !== undefined && listed !== undefined)
  const whole = await readFile(location)
  const path = `/api/lake/file?id=${listed.id}`
  const length = whole.readUInt32LE(whole.length - 8)
  const damages: readonly ((bytes: Buffer) => Buffer)[] = [
    (bytes) => bytes.subarray(0, -1),
    (bytes) => bytes.fill(0, bytes.length - 4),
    (bytes) => bytes.fill(0xff, bytes.length - 8, bytes.length - 4), // a footer of 4 GB
    (bytes) => bytes.fill(0xff, bytes.length - 8 - length, bytes.length - 8),
    () => Buffer.alloc(0),
  ]
  for (const [i, damage] of damages.entries()) {
    await writeFile(location, damage(Buffer.from(whole)))
    const { kind, message } = await refused(served, path)
    assert.equal(kind, 'corrupt', `damage ${i}: ${message}`)
    assert.match(message, /footer/)
  }
  await writeFile(location, whole)
  answerAs(FileAnswer, await served.get(path))
})
