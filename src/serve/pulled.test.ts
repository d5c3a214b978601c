import assert from 'node:assert/strict'
import { test } from 'node:test'
import { pulled } from './pulled.ts'

/** Pieces that count how many were made, and tell that they were left. */
function counted() {
  const seen = { made: 0, left: false, ended: 0 }
  async function* pieces() {
    try {
      while (true) yield `piece ${(seen.made += 1)}`
    } finally {
      seen.left = true
    }
  }
  return { seen, pieces: pieces(), ended: () => void (seen.ended += 1) }
}

test('a piece is made when the last was taken, and not before', async () => {
  const { seen, pieces, ended } = counted()
  const reader = pulled(pieces, { ended }).getReader()
  assert.equal(seen.made, 0)
  await reader.read()
  assert.equal(seen.made, 1)
  await reader.cancel()
  assert.deepEqual(seen, { made: 1, left: true, ended: 1 })
})

test('a reader that stalls is left, before the first piece and after it', async () => {
  for (const reads of [0, 1]) {
    const { seen, pieces } = counted()
    const over = Promise.withResolvers<void>()
    const reader = pulled(pieces, { ended: over.resolve, stallMsMax: 5 }).getReader()
    if (reads > 0) await reader.read()
    const kept = setTimeout(() => undefined, 1000) // the stall's own timer keeps no process alive
    await over.promise
    clearTimeout(kept)
    await assert.rejects(reader.read(), /nothing was read/)
    assert.equal(seen.made, reads)
  }
})

test('pieces that fail break the body off', async () => {
  let ended = 0
  async function* failing() {
    yield 'one'
    throw new Error('broken')
  }
  const body = pulled(failing(), { ended: () => void (ended += 1) })
  await assert.rejects(new Response(body).text(), /broken/)
  assert.equal(ended, 1)
})

test('text is UTF-8, bytes are as they are', async () => {
  async function* pieces() {
    yield 'é'
    yield Uint8Array.of(0x21)
  }
  assert.equal(await new Response(pulled(pieces(), { ended: () => undefined })).text(), 'é!')
})
