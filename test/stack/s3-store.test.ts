import assert from 'node:assert/strict'
import { createHash, randomBytes, randomUUID } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, beforeEach, describe, test } from 'node:test'
import { ListMultipartUploadsCommand, S3Client } from '@aws-sdk/client-s3'
import { systemClock } from '../../src/flow/clock.ts'
import { isFault, type FaultKind } from '../../src/flow/fault.ts'
import { systemRandom } from '../../src/flow/random.ts'
import { tableFiles } from '../../src/lake/iceberg/table-files.ts'
import { openS3Store, type S3Store } from '../../src/lake/s3-store.ts'
import type { Store } from '../../src/lake/store.ts'
import { withoutAws } from '../../stack/aws/needs.ts'
import { passOn, giveBack, serveHttp } from '../../stack/aws/http.ts'
import { startMinio } from '../../stack/minio.ts'
import { withoutMinio } from '../../stack/minio/needs.ts'
import { storeSuite } from '../conformance/store.ts'
import { IMPATIENCE_MS, MS_MAX, startAwsWorld } from './aws-world.ts'

const fault = (kind: FaultKind) => (error: unknown) => isFault(error, kind)
const bytes = (text: string) => new TextEncoder().encode(text)
const hash = (body: Uint8Array) => createHash('sha256').update(body).digest('hex')
/** The least that S3 takes as a part that is not the last, and what then is large. */
const SMALL_PARTS = { largeBytes: 6_000_000, partBytes: 5_300_000 } as const
/** Two full parts and a rest; the other one in the store's own sizes. */
const LARGE = randomBytes(11_000_000)
const LARGER = randomBytes(33_000_000)

const opened = (store: S3Store) => ({
  store,
  [Symbol.asyncDispose]: async () => store[Symbol.dispose](),
})
const filesOf = (store: Store) =>
  tableFiles({ store, folder: 'market/t', clock: systemClock, random: systemRandom })

describe('S3 store', { skip: withoutAws(), timeout: MS_MAX }, async () => {
  const world = await startAwsWorld()
  const { aws, openStore } = world
  const { s3Faults } = aws
  after(() => world[Symbol.asyncDispose]())
  beforeEach(() => s3Faults.clear())

  /** Parts that were sent and belong to nothing: they cost, and nobody sees them. */
  async function uploadsLeft(): Promise<number> {
    const client = new S3Client({ endpoint: aws.moto, forcePathStyle: true })
    const { Uploads = [] } = await client.send(
      new ListMultipartUploadsCommand({ Bucket: aws.bucket }),
    )
    client.destroy()
    return Uploads.length
  }

  storeSuite('a compatible store', async () => opened(await openStore()))
  storeSuite('as AWS, with its checksums', async () =>
    opened(await openStore({ reach: { region: null, endpoint: null, pathStyle: true } })),
  )
  storeSuite('a whole bucket', async () => {
    const store = await openStore({ prefix: '' })
    for await (const { key } of store.list('')) await store.remove([key])
    return opened(store)
  })

  test('a large object goes in parts, from the disk or from memory, and comes whole', async () => {
    using store = await openStore()
    const dir = await mkdtemp(join(tmpdir(), 'ticklake-s3-'))
    try {
      const path = join(dir, 'x.parquet')
      await writeFile(path, LARGER)
      assert.equal(await store.create('disk', { path, size: LARGER.length }), 'created')
    } finally {
      await rm(dir, { recursive: true })
    }
    using smaller = await openStore(SMALL_PARTS)
    assert.equal(await smaller.create('memory', LARGE), 'created')
    assert.equal(await smaller.create('memory', randomBytes(7_000_000)), 'exists')
    assert.equal(hash(await store.read('disk')), hash(LARGER))
    assert.equal(hash(await smaller.read('memory')), hash(LARGE))
    assert.equal(await uploadsLeft(), 0)
  })

  test('a part that fails is sent again; an upload that fails for good leaves no parts', async () => {
    using store = await openStore(SMALL_PARTS)
    s3Faults.inject({ kind: 'cut', operation: 'UploadPart', times: 1 })
    s3Faults.inject({ kind: 'applied-then-500', operation: 'UploadPart', times: 1 })
    assert.equal(await store.create('a', LARGE), 'created')
    assert.equal(hash(await store.read('a')), hash(LARGE))
    s3Faults.inject({ kind: 'slow-down', operation: 'UploadPart' })
    await assert.rejects(store.create('b', LARGE), fault('unavailable'))
    assert.equal(await uploadsLeft(), 0)
    await assert.rejects(store.read('b'), fault('invalid'))
  })

  for (const kind of ['applied-then-500', 'applied-then-cut'] as const)
    test(`a create that was ${kind.replaceAll('-', ' ')} ends in one whole object`, async () => {
      using store = await openStore(SMALL_PARTS)
      const files = filesOf(store)
      s3Faults.inject({ kind, operation: 'PutObject', times: 1 })
      s3Faults.inject({ kind, operation: 'CompleteMultipartUpload', times: 1 })
      const small = await files.write('small', bytes('hello'))
      const large = await files.write('large', LARGE)
      assert.equal(Buffer.from(await files.read(small)).toString(), 'hello')
      assert.equal(hash(await files.read(large)), hash(LARGE))
      assert.equal(s3Faults.happened(kind) >= 2, true)
      assert.equal((await Array.fromAsync(store.list(''))).length, 2)
      assert.equal(await uploadsLeft(), 0)
    })

  test('a create is sent once: what a lost answer means is for the caller to say', async () => {
    using patient = await openStore()
    using impatient = await openStore({ patienceMs: IMPATIENCE_MS })
    for (const kind of ['failed', 'slow-down', 'applied-then-500', 'cut', 'hang'] as const) {
      const store = kind === 'hang' ? impatient : patient
      s3Faults.clear()
      s3Faults.inject({ kind, operation: 'PutObject' })
      const before = s3Faults.seen('PutObject')
      await assert.rejects(store.create(`of/${kind}`, bytes('x')), fault('unavailable'))
      assert.equal(s3Faults.seen('PutObject') - before, 1, kind)
    }
  })

  test('while another request for the key is under way it waits, and not for ever', async () => {
    using store = await openStore()
    s3Faults.inject({ kind: 'conflict', operation: 'PutObject', times: 2 })
    assert.equal(await store.create('k', bytes('x')), 'created')
    s3Faults.inject({ kind: 'conflict', operation: 'PutObject' })
    await assert.rejects(store.create('l', bytes('x')), fault('unavailable'))
  })

  test('reading outlives answers that fail or break off in the middle', async () => {
    using store = await openStore({ patienceMs: IMPATIENCE_MS })
    const body = randomBytes(3_000_000)
    await store.create('k', body)
    for (const kind of ['slow-down', 'applied-then-cut', 'cut', 'hang'] as const) {
      s3Faults.inject({ kind, operation: 'GetObject', times: 1 })
      assert.equal(hash(await store.read('k')), hash(body))
    }
    assert.equal(s3Faults.happened('applied-then-cut') >= 1, true)
    s3Faults.inject({ kind: 'applied-then-cut', operation: 'GetObject' })
    await assert.rejects(store.read('k'), fault('unavailable'))
  })

  test('a range behind the end is empty', async () => {
    using store = await openStore()
    await store.create('k', bytes('hello'))
    await store.create('none', bytes(''))
    for (const [key, first, next] of [
      ['k', 5, 9],
      ['k', 2, 2],
      ['none', 0, 4],
    ] as const)
      assert.deepEqual(await store.read(key, { first, next }), new Uint8Array())
    assert.deepEqual(await store.read('none'), new Uint8Array())
  })

  test('more than a page is listed and removed, each once, also when the store is slow', async () => {
    using store = await openStore({ pageKeys: 10 })
    const keys = Array.from({ length: 25 }, (_, i) => `t/${String(i).padStart(2, '0')}`)
    await Promise.all(keys.map((key) => store.create(key, bytes(key))))
    s3Faults.inject({ kind: 'delay', operation: 'ListObjects', ms: 300 })
    s3Faults.inject({ kind: 'slow-down', operation: 'ListObjects', times: 1 })
    s3Faults.inject({ kind: 'applied-then-cut', operation: 'ListObjects', times: 1 })
    s3Faults.inject({ kind: 'applied-then-500', operation: 'DeleteObjects', times: 1 })
    const listed = await Array.fromAsync(store.list('t/'))
    assert.deepEqual(
      listed.map(({ key }) => key),
      keys,
    )
    assert.equal(Math.abs((listed[0]?.modifiedMs ?? 0) - Date.now()) < 60_000, true)
    await store.remove(keys)
    assert.deepEqual(await Array.fromAsync(store.list('')), [])
  })

  test('locations of other engines are read as they are', async () => {
    using store = await openStore({ prefix: 'a/b' })
    const root = `${aws.bucket}/a/b`
    for (const scheme of ['s3', 's3a', 's3n'])
      assert.equal(store.keyOf(`${scheme}://${root}/x%20y/z=1`), 'x%20y/z=1')
    for (const location of [`s3://${root}`, `s3://${root}/`, `s3://${root}//x`, `gs://${root}/x`])
      assert.equal(store.keyOf(location), null)
  })

  test('what stands for a folder in a console is no object', async () => {
    const prefix = 'shown/in/console'
    using root = await openStore({ prefix: '', mode: 'read' })
    const client = new S3Client({ endpoint: aws.moto, forcePathStyle: true })
    const { PutObjectCommand } = await import('@aws-sdk/client-s3')
    for (const key of [`${prefix}/`, `${prefix}/x/`, `${prefix}/x/y`])
      await client.send(new PutObjectCommand({ Bucket: aws.bucket, Key: key, Body: 'x' }))
    client.destroy()
    using store = await openStore({ prefix, mode: 'read' })
    const keys = (await Array.fromAsync(store.list(''))).map(({ key }) => key)
    assert.deepEqual(keys, ['x/y'])
    await root.remove([`${prefix}/x/y`])
  })

  test('the probe that opens it leaves nothing, and outlives a store that is away for a moment', async () => {
    s3Faults.inject({ kind: 'applied-then-500', operation: 'PutObject', times: 1 })
    s3Faults.inject({ kind: 'cut', operation: 'CompleteMultipartUpload', times: 1 })
    using store = await openStore()
    assert.deepEqual(await Array.fromAsync(store.list('')), [])
    s3Faults.inject({ kind: 'slow-down', operation: 'PutObject' })
    await assert.rejects(openStore(), fault('unavailable'))
  })

  test('a store that overwrites is refused, and may be read', async () => {
    for (const blind of ['PUT', 'POST']) {
      await using overwriting = await serveHttp(async (request, response) => {
        const { rawHeaders: raw, method } = request
        const at = raw.findIndex((name) => name.toLowerCase() === 'if-none-match')
        if (at >= 0 && method === blind) raw.splice(at, 2)
        await giveBack(await passOn(request, aws.moto), response)
      })
      const reach = { region: null, endpoint: overwriting.url, pathStyle: true }
      await assert.rejects(
        openStore({ reach }),
        (error) => isFault(error, 'invalid') && /no atomic create/.test(error.message),
      )
      using store = await openStore({ reach, mode: 'read' })
      assert.deepEqual(await Array.fromAsync(store.list('')), [])
    }
    assert.equal(await uploadsLeft(), 0)
  })
})

describe('S3 store on MinIO', { skip: withoutMinio(), timeout: MS_MAX }, async () => {
  const minio = await startMinio()
  after(() => minio[Symbol.asyncDispose]())
  const { accessKeyId, secretAccessKey, bucket } = minio
  Object.assign(process.env, {
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
  })
  const reach = { region: null, endpoint: minio.endpoint, pathStyle: true }
  const openStore = (sizes = {}) =>
    openS3Store({
      bucket,
      prefix: `lakes/${randomUUID()}`,
      reach,
      mode: 'write',
      clock: systemClock,
      random: systemRandom,
      ...sizes,
    })

  storeSuite('MinIO', async () => opened(await openStore()))

  test('of many creators of a large object one wins, and its content is there', async () => {
    using store = await openStore(SMALL_PARTS)
    const bodies = Array.from({ length: 4 }, () => randomBytes(LARGE.length))
    const outcomes = await Promise.all(bodies.map((body) => store.create('k', body)))
    assert.equal(outcomes.filter((outcome) => outcome === 'created').length, 1)
    const winner = bodies[outcomes.indexOf('created')] ?? new Uint8Array()
    assert.equal(hash(await store.read('k')), hash(winner))
  })
})
