import assert from 'node:assert/strict'
import { test } from 'node:test'
import avsc from 'avsc'
import * as fc from 'fast-check'
import { isFault } from '../../flow/fault.ts'
import { readAvro, writeAvro, type AvroRecord } from './avro.ts'

const sync = new Uint8Array(16).fill(7)
const schema: AvroRecord = {
  type: 'record',
  name: 'thing',
  fields: [
    { name: 'id', type: 'long', 'field-id': 1 },
    { name: 'name', type: ['null', 'string'], default: null, 'field-id': 2 },
  ],
}
const NAMES = new Map([
  [1, 'id'],
  [2, 'name'],
])
const plain = (rows: readonly unknown[]) => rows.map((row) => ({ ...(row as object) }))

test('rows and metadata are read back, 64-bit integers exactly', () => {
  const id = fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n)
  fc.assert(
    fc.property(fc.array(fc.tuple(id, fc.option(fc.string()))), (pairs) => {
      const rows = pairs.map(([value, name]) => ({ id: value, name }))
      const bytes = writeAvro(schema, rows, { metadata: { content: 'data' }, sync })
      const file = readAvro(bytes, NAMES, 'it')
      assert.equal(file.metadata.get('content'), 'data')
      const back = file.rows.map((row) => row as { id: number | bigint; name: string | null })
      assert.deepEqual(
        back.map((row) => ({ id: BigInt(row.id), name: row.name })),
        rows,
      )
    }),
  )
})

test('fields are found by id, whatever the writer called them', () => {
  const theirs: AvroRecord = {
    ...schema,
    fields: schema.fields.map((field) => ({ ...field, name: `their_${field.name}` })),
  }
  const bytes = writeAvro(theirs, [{ their_id: 5, their_name: 'x' }], { metadata: {}, sync })
  assert.deepEqual(plain(readAvro(bytes, NAMES, 'it').rows), [{ id: 5, name: 'x' }])
  assert.deepEqual(plain(readAvro(bytes, new Map(), 'it').rows), [{ f1: 5, f2: 'x' }])
})

test('files without compression and of several blocks are read', async () => {
  for (const codec of ['null', 'deflate']) {
    const chunks: Buffer[] = []
    const encoder = new avsc.streams.BlockEncoder(schema as never, { codec, blockSize: 16 })
    encoder.on('data', (chunk: Buffer) => chunks.push(chunk))
    for (let id = 0; id < 50; id++) encoder.write({ id, name: `n${id}` })
    await new Promise<void>((resolve) => encoder.on('end', resolve).end())
    const { rows } = readAvro(Buffer.concat(chunks), NAMES, 'it')
    assert.deepEqual(plain(rows)[49], { id: 49, name: 'n49' })
    assert.equal(rows.length, 50)
  }
})

test('a damaged file is a fault that names it, never wrong rows or a hang', () => {
  const rows = Array.from({ length: 20 }, (_, id) => ({ id, name: 'some name' }))
  const bytes = writeAvro(schema, rows, { metadata: {}, sync })
  for (let length = 0; length < bytes.length; length += 3) {
    if (length === 0) continue
    try {
      const { rows: found } = readAvro(bytes.subarray(0, length), NAMES, 'm0.avro')
      assert.deepEqual(found, []) // cut exactly behind the header: a file without blocks
    } catch (error) {
      assert.ok(isFault(error, 'corrupt') && /m0\.avro/.test(error.message))
    }
  }
})
