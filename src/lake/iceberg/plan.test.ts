import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { RECORDS } from '../../market/tables.ts'
import type { DataFile, Wanted } from '../lake.ts'
import { toRecord } from './data-file.ts'
import { listed, readManifest, STATUS, writeManifest } from './manifest.ts'
import type { ManifestFile } from './manifest-list.ts'
import type { Metadata } from './metadata-document.ts'
import { firstMetadata } from './metadata.ts'
import { plan } from './plan.ts'
import { lowerString, singleValue, upperString } from './single-value.ts'

const DAY_MS = 86_400_000
const DAY = 20_000
const SYMBOL = 1
const TS = 2

type Row = { readonly symbol: string | null; readonly ms: number | null }

const metadata: Metadata = {
  ...firstMetadata({ table: RECORDS, location: 'm', uuid: 'u', nowMs: 0, properties: {} }),
  'current-snapshot-id': 1,
  snapshots: [{ 'snapshot-id': 1, 'timestamp-ms': 0, 'manifest-list': 'list' }],
}
const [spec] = metadata['partition-specs']
const [schema] = metadata.schemas

/** A data file of rows of one day, described as the writer does. */
function fileOf(rows: readonly Row[], location: string): DataFile {
  const symbols = rows.map(({ symbol }) => symbol).filter((one) => one !== null)
  const times = rows.map(({ ms }) => ms).filter((one) => one !== null)
  const lower = new Map<number, Uint8Array>()
  const upper = new Map<number, Uint8Array>()
  const sorted = symbols.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
  const [first, last] = [sorted[0], sorted.at(-1)]
  if (first !== undefined) lower.set(SYMBOL, lowerString(first))
  const bound = last === undefined ? null : upperString(last)
  if (bound !== null) upper.set(SYMBOL, bound)
  if (times.length > 0) {
    lower.set(TS, singleValue('timestamp', Math.min(...times) * 1_000))
    upper.set(TS, singleValue('timestamp', Math.max(...times) * 1_000))
  }
  return {
    location,
    sizeBytes: 1,
    rows: rows.length,
    day: times[0] === undefined ? null : Math.floor(times[0] / DAY_MS),
    valueCounts: new Map([[SYMBOL, rows.length]]),
    nullCounts: new Map([
      [SYMBOL, rows.length - symbols.length],
      [TS, rows.length - times.length],
    ]),
    nanCounts: new Map(),
    columnSizes: new Map(),
    lower,
    upper,
    splitOffsets: [],
  }
}

/** Plans over manifests that went through their bytes, one for each group of files. */
async function planned(groups: readonly (readonly DataFile[])[], wanted: Wanted) {
  assert.ok(spec !== undefined && schema !== undefined)
  const opened: string[] = []
  const bytes = new Map<string, Uint8Array>()
  const list = groups.map((files, i): ManifestFile => {
    const entries = files.map((file) => ({
      status: STATUS.added,
      snapshot_id: 1,
      sequence_number: null,
      file_sequence_number: null,
      data_file: toRecord(file, spec, 1),
    }))
    const path = `m${i}`
    bytes.set(path, writeManifest(entries, { schema, spec, sync: new Uint8Array(16) }))
    const days = files.map(({ day }) => day)
    const as = listed(entries, { path, length: 1, spec, snapshotId: 1, days })
    return { ...as, sequence_number: 1, min_sequence_number: 1 }
  })
  const files = await plan(
    {
      metadata,
      table: RECORDS,
      manifests: {
        list: async () => list,
        entries: async (one) => {
          opened.push(one.manifest_path)
          return readManifest(bytes.get(one.manifest_path) ?? new Uint8Array(), one)
        },
      },
    },
    wanted,
  )
  return { files, locations: files.map(({ location }) => location), opened }
}

const at = (day: number, ms = 0): number => (DAY + day) * DAY_MS + ms

test('what a manifest says of a file is read back', async () => {
  const file = fileOf(
    [
      { symbol: 'BINANCE:BTCUSDT-PERPETUAL', ms: at(0, 5) },
      { symbol: 'AAPL', ms: at(0) },
    ],
    'a',
  )
  const { files } = await planned([[file]], {})
  assert.deepEqual(files, [{ ...file, lower: buffers(file.lower), upper: buffers(file.upper) }])
})

const buffers = (map: ReadonlyMap<number, Uint8Array>) =>
  new Map([...map].map(([key, value]) => [key, Buffer.from(value)]))

test('manifests of other days are not opened', async () => {
  const files = [0, 1, 2].map((day) => [fileOf([{ symbol: 'A', ms: at(day) }], `d${day}`)])
  const { locations, opened } = await planned(files, { fromMs: at(1), toMs: at(2) })
  assert.deepEqual(locations, ['d1'])
  assert.deepEqual(opened, ['m1'])
})

test('the null day is planned only when time is not asked for', async () => {
  const files = [
    [fileOf([{ symbol: null, ms: null }], 'null')],
    [fileOf([{ symbol: 'A', ms: at(0) }], 'day')],
  ]
  assert.deepEqual((await planned(files, {})).locations, ['null', 'day'])
  const timed = await planned(files, { fromMs: 0 })
  assert.deepEqual(timed.locations, ['day'])
  assert.deepEqual(timed.opened, ['m1'])
  assert.deepEqual((await planned(files, { symbols: ['A'] })).locations, ['day'])
})

test('long symbols that share their first characters are not lost to cut bounds', async () => {
  const shared = 'BINANCE:1000SHIB'
  const file = fileOf([{ symbol: `${shared}USDT`, ms: at(0) }], 'a')
  for (const symbol of [`${shared}USDT`, shared])
    assert.deepEqual((await planned([[file]], { symbols: [symbol] })).locations, ['a'], symbol)
  assert.deepEqual((await planned([[file]], { symbols: ['BINANCE:BTC'] })).locations, [])
})

test('a file that holds a wanted row is always planned', async () => {
  const text = fc.string({
    unit: fc.constantFrom('A', 'B', 'é', '😀', '\uffff', '\u{10ffff}'),
    maxLength: 20,
  })
  const row = fc.record({
    symbol: fc.option(text),
    ms: fc.option(fc.nat(3 * DAY_MS).map((ms) => at(0, ms))),
  })
  const wanted = fc.record(
    {
      symbols: fc.array(text, { minLength: 1, maxLength: 3 }),
      fromMs: fc.nat(3 * DAY_MS).map((ms) => at(0, ms)),
      toMs: fc.nat(3 * DAY_MS).map((ms) => at(0, ms)),
    },
    { requiredKeys: [] },
  )
  await fc.assert(
    fc.asyncProperty(fc.array(row, { minLength: 1, maxLength: 12 }), wanted, async (rows, want) => {
      const days = Map.groupBy(rows, ({ ms }) => (ms === null ? null : Math.floor(ms / DAY_MS)))
      const groups = [...days].map(([day, group]) => [fileOf(group, String(day))])
      const { locations } = await planned(groups, want)
      for (const [day, group] of days)
        if (group.some((one) => matches(one, want))) assert.ok(locations.includes(String(day)))
    }),
    { numRuns: 150 },
  )
})

const matches = ({ symbol, ms }: Row, { symbols, fromMs, toMs }: Wanted): boolean =>
  (symbols === undefined || (symbol !== null && symbols.includes(symbol))) &&
  (fromMs === undefined || (ms !== null && ms >= fromMs)) &&
  (toMs === undefined || (ms !== null && ms < toMs))
