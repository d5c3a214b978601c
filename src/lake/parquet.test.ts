import assert from 'node:assert/strict'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { asyncBufferFromFile, parquetMetadataAsync, parquetReadObjects } from 'hyparquet'
import { compressors } from 'hyparquet-compressors'
import { rowsOfCells, type Cells } from '../../test/fixtures/rows.ts'
import { RECORDS, type Rows } from '../market/tables.ts'
import { fromSingleValue } from './iceberg/single-value.ts'
import type { ParquetFile, ParquetWriter, Rolled } from './lake.ts'
import { duckdbParquetWriter } from './parquet.ts'

const DAY_MS = 86_400_000
const NOON = Date.UTC(2026, 10, 20, 12)
const DAY = Math.floor(NOON / DAY_MS)

async function writing(act: (writer: ParquetWriter, dir: string) => Promise<void>): Promise<void> {
  const dir = await mkdtemp(join(tmpdir(), 'ticklake-parquet-'))
  try {
    await using writer = await duckdbParquetWriter({
      table: RECORDS,
      dir,
      memoryMb: 256,
      threads: 1,
    })
    await act(writer, dir)
  } finally {
    await rm(dir, { recursive: true, force: true })
  }
}

const roll = (batches: readonly Rows[]): Rolled => ({
  batches,
  rows: batches.reduce((sum, { count }) => sum + count, 0),
  stretches: new Map(),
  openedMs: 0,
})

async function writeOne(writer: ParquetWriter, cells: Cells): Promise<ParquetFile> {
  const [file, ...others] = await writer.write(roll([rowsOfCells(cells)]))
  assert.ok(file)
  assert.equal(others.length, 0)
  return file
}

/** Read by hyparquet, which shares no code with the writer. */
async function read({ path }: ParquetFile): Promise<readonly Record<string, unknown>[]> {
  const file = await asyncBufferFromFile(path)
  return await parquetReadObjects({ file, compressors, utf8: false })
}

function bound(file: ParquetFile, end: 'lower' | 'upper', name: string) {
  const field = RECORDS.fields.find((candidate) => candidate.name === name)
  assert.ok(field)
  const bytes = file[end].get(field.id)
  return bytes === undefined ? undefined : fromSingleValue(field.type, bytes)
}

test('another reader finds every row, sorted by symbol, time and place', () =>
  writing(async (writer) => {
    const batch = (first: number, symbol: readonly string[]) =>
      rowsOfCells(
        { symbol, ts: symbol.map((_, i) => NOON - i), price: symbol.map((_, i) => i / 4) },
        first,
      )
    const files = await writer.write(roll([batch(0, ['B', 'A', 'C']), batch(3, ['A', 'B'])]))
    const rows = await Promise.all(files.map(read))
    assert.deepEqual(
      rows.flat().map(({ symbol, tape_offset, price }) => [symbol, tape_offset, price]),
      [
        ['A', 1n, 0.25],
        ['A', 3n, 0],
        ['B', 4n, 0.25],
        ['B', 0n, 0],
        ['C', 2n, 0.5],
      ],
    )
  }))

test('one file a day, and the null day for what has no time', () =>
  writing(async (writer) => {
    const midnight = DAY * DAY_MS
    const ts = [midnight - 1, midnight, null, midnight + DAY_MS - 1, -1]
    const files = await writer.write(roll([rowsOfCells({ ts })]))
    assert.deepEqual(
      files.map(({ day, rows }) => [day, rows]),
      [
        [null, 1],
        [-1, 1],
        [DAY - 1, 1],
        [DAY, 2],
      ],
    )
    for (const file of files) assert.equal((await read(file)).length, file.rows)
  }))

test('columns carry the field ids of the table, in one row group of v1 encodings and zstd', () =>
  writing(async (writer) => {
    const file = await writeOne(writer, { symbol: ['A', 'B'], ts: [NOON, NOON] })
    const metadata = await parquetMetadataAsync(await asyncBufferFromFile(file.path))
    assert.deepEqual(
      metadata.schema.slice(1).map(({ name, field_id }) => [field_id, name]),
      RECORDS.fields.map(({ id, name }) => [id, name]),
    )
    assert.equal(metadata.row_groups.length, 1)
    const allowed = new Set(['PLAIN', 'RLE', 'RLE_DICTIONARY', 'PLAIN_DICTIONARY', 'BIT_PACKED'])
    for (const { meta_data: column } of metadata.row_groups[0]?.columns ?? []) {
      assert.equal(column?.codec, 'ZSTD')
      for (const encoding of column?.encodings ?? []) assert.ok(allowed.has(encoding), encoding)
    }
    assert.deepEqual(file.splitOffsets, [4])
  }))

test('counts are of rows, nulls and NaN', () =>
  writing(async (writer) => {
    const price = [1, null, Number.NaN, Number.NaN, 2]
    const file = await writeOne(writer, { price, ts: price.map(() => NOON) })
    assert.deepEqual(
      [file.valueCounts.get(3), file.nullCounts.get(3), file.nanCounts.get(3)],
      [5, 1, 2],
    )
    assert.equal(file.nullCounts.get(2), 0)
    assert.equal(file.nullCounts.get(1), 5)
    assert.ok((file.columnSizes.get(3) ?? 0) > 0)
  }))

test('bounds are exact for times, numbers and offsets', () =>
  writing(async (writer) => {
    const ts = [NOON + 5, NOON - 7, NOON]
    const file = await writeOne(writer, { ts, price: [0.1, 1e-300, 4.9e300] })
    assert.equal(bound(file, 'lower', 'ts'), BigInt(NOON - 7) * 1000n)
    assert.equal(bound(file, 'upper', 'ts'), BigInt(NOON + 5) * 1000n)
    assert.equal(bound(file, 'lower', 'price'), 1e-300)
    assert.equal(bound(file, 'upper', 'price'), 4.9e300)
    assert.equal(bound(file, 'upper', 'tape_offset'), 2n)
    assert.equal(bound(file, 'lower', 'tape'), 'a-log')
    assert.equal(bound(file, 'upper', 'volume'), undefined)
  }))

test('infinities bound, NaN does not, and zeros bound with the sign that is safe', () =>
  writing(async (writer) => {
    const { POSITIVE_INFINITY, NEGATIVE_INFINITY } = Number
    const bounds = async (price: readonly (number | null)[]) => {
      const file = await writeOne(writer, { price, ts: price.map(() => NOON) })
      return [bound(file, 'lower', 'price'), bound(file, 'upper', 'price')]
    }
    assert.deepEqual(await bounds([NaN, 1, POSITIVE_INFINITY]), [1, POSITIVE_INFINITY])
    assert.deepEqual(await bounds([NEGATIVE_INFINITY, NaN]), [NEGATIVE_INFINITY, NEGATIVE_INFINITY])
    assert.deepEqual(await bounds([NaN, NaN, null]), [undefined, undefined])
    assert.deepEqual(await bounds([0, 0]), [-0, 0])
    assert.deepEqual(await bounds([-0]), [-0, 0])
  }))

test('texts bound by sixteen code points, the upper one incremented, in UTF-8 order', () =>
  writing(async (writer) => {
    const long = 'BINANCE:BTCUSDT-PERPETUAL'
    const symbol = [long, 'A', null, '\u{1f4c8}', '\uffee']
    const file = await writeOne(writer, { symbol, ts: symbol.map(() => NOON) })
    assert.deepEqual(
      [bound(file, 'lower', 'symbol'), bound(file, 'upper', 'symbol')],
      ['A', '\u{1f4c8}'],
    )
    const cut = await writeOne(writer, { symbol: [long], ts: [NOON] })
    assert.deepEqual(
      [bound(cut, 'lower', 'symbol'), bound(cut, 'upper', 'symbol')],
      ['BINANCE:BTCUSDT-', 'BINANCE:BTCUSDT.'],
    )
  }))

test('raw bytes of any kind survive', () =>
  writing(async (writer) => {
    const raw = [Uint8Array.from([0, 255, 10]), null, new Uint8Array(0)]
    const file = await writeOne(writer, { raw, defect: ['not JSON', null, 'not JSON'] })
    const rows = (await read(file)).map((row) => row['raw'] ?? null)
    assert.deepEqual(rows, [raw[0], null, raw[2]])
  }))

test('a roll without rows writes nothing', () =>
  writing(async (writer) => {
    assert.deepEqual(await writer.write(roll([])), [])
  }))

test('a write that fails leaves no file, and the writer goes on', () =>
  writing(async (writer, dir) => {
    const bad = rowsOfCells({ received_at: [Number.NaN], ts: [NOON] })
    await assert.rejects(writer.write(roll([bad])), /received_at is null in 1 rows/)
    const [folder = ''] = await readdir(dir)
    assert.deepEqual(await readdir(join(dir, folder)), [])
    await writeOne(writer, { ts: [NOON] })
  }))

test('what a writer made is gone when it is closed', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'ticklake-parquet-'))
  try {
    const writer = await duckdbParquetWriter({ table: RECORDS, dir, memoryMb: 256, threads: 1 })
    await writeOne(writer, { ts: [NOON] })
    await writer[Symbol.asyncDispose]()
    assert.deepEqual(await readdir(dir), [])
  } finally {
    await rm(dir, { recursive: true, force: true })
  }
})
