import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Answer, Value } from '../query/query.ts'
import { formatAnswer, type Format } from './formats.ts'

const answer = (rows: readonly (readonly Value[])[]): Answer => ({
  asOf: { covers: 'lake', receivedMs: null, degraded: false },
  columns: [
    { name: 'symbol', type: 'VARCHAR' },
    { name: 'n', type: 'BIGINT' },
    { name: 'n', type: 'DOUBLE' },
  ],
  batches: (async function* batches() {
    yield rows
  })(),
  truncated: () => false,
})
const hostile: readonly (readonly Value[])[] = [
  ['A|"B"\n\u001B[31m', 9_007_199_254_740_993n, 0.1],
  ['', null, Number.NaN],
  [null, -1n, 1e21],
]
const shown = async (format: Exclude<Format, 'parquet'>, rows = hostile): Promise<string> =>
  (await Array.fromAsync(formatAnswer(format, answer(rows)))).join('')

describe('formats', () => {
  test('JSON keeps every digit of a 64-bit number and numbers repeated names', async () => {
    const text = await shown('ndjson')
    assert.match(text, /"n":9007199254740993,"n_2":0\.1/)
    assert.match(text, /"n":null,"n_2":"NaN"/)
    assert.equal(text.trimEnd().split('\n').length, 3)
    assert.equal((JSON.parse(await shown('json')) as unknown[]).length, 3)
    assert.equal(await shown('json', []), '[]\n')
  })

  test('CSV quotes what must be and tells NULL from empty text', async () => {
    assert.equal(
      await shown('csv'),
      'symbol,n,n\r\n"A|""B""\n\u001B[31m",9007199254740993,0.1\r\n"",,NaN\r\n,-1,1e+21\r\n',
    )
  })

  test('a table shows no control character of the data and aligns numbers to the right', async () => {
    const text = await shown('table')
    assert.ok(!text.includes('\u001B'))
    assert.match(text, /\\u001b\[31m/)
    const widths = text
      .trimEnd()
      .split('\n')
      .slice(2)
      .map((line) => line.length)
    assert.equal(new Set(widths).size, 1)
  })

  test('Markdown escapes what would end a cell', async () => {
    const text = await shown('markdown')
    assert.match(text, /^\| A\\\|"B"/m)
    assert.equal(text.split('\n')[1], '| --- | ---: | ---: |')
  })
})
