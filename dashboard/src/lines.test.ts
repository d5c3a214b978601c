import assert from 'node:assert/strict'
import { test } from 'node:test'
import { linesOf } from './lines.ts'

const BYTES = new TextEncoder().encode('{"a":"ü€"}\n\n{"b":1}\nlast')

const streamOf = (bytes: Uint8Array, size: number, cancel: () => void = () => undefined) => {
  let at = 0
  return new ReadableStream<Uint8Array>({
    pull: (to) => {
      if (at >= bytes.length) return to.close()
      to.enqueue(bytes.slice(at, (at += size)))
    },
    cancel,
  })
}

test('gives the same lines wherever the chunks are cut', async () => {
  for (let size = 1; size <= BYTES.length; size++)
    assert.deepEqual(await Array.fromAsync(linesOf(streamOf(BYTES, size))), [
      '{"a":"ü€"}',
      '{"b":1}',
      'last',
    ])
})

test('whoever stops early cancels the stream', async () => {
  let cancelled = 0
  for await (const line of linesOf(streamOf(BYTES, 15, () => void cancelled++))) {
    assert.equal(line, '{"a":"ü€"}')
    break
  }
  assert.equal(cancelled, 1)
})
