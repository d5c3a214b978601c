import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { dirname } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import {
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  UploadPartCommand,
  type S3Client,
} from '@aws-sdk/client-s3'
import { startAws, type Aws } from '../../stack/aws.ts'
import { withoutAws } from '../../stack/aws/needs.ts'
import { S3_MISHAPS, type S3Mishap } from '../../stack/aws/s3-proxy.ts'
import { startMinio } from '../../stack/minio.ts'
import { withoutMinio } from '../../stack/minio/needs.ts'
import { lives, outcomeOf, s3At, type Outcome } from './aws-clients.ts'

const MS_MAX = 240_000 // what is waited for in vain ends the test
const IMPATIENCE_MS = 500
const RACERS = 16

/** S3 behind the proxy, and as moto has it (`keysBelow`). */
type S3World = AsyncDisposable & {
  readonly aws: Aws
  readonly s3: S3Client
  readonly impatient: S3Client
  put(key: string, body: string | Buffer, by?: S3Client): Promise<unknown>
  get(key: string): Promise<Buffer>
  keysBelow(prefix: string): Promise<number>
}

async function openS3World(): Promise<S3World> {
  const aws = await startAws({ seed: 7 })
  const { bucket } = aws
  const s3 = s3At(aws.s3, aws)
  const moto = s3At(aws.moto, aws)
  return {
    aws,
    s3,
    impatient: s3At(aws.s3, { ...aws, patienceMs: IMPATIENCE_MS }),
    put: (Key, Body, by = s3) =>
      by.send(new PutObjectCommand({ Bucket: bucket, Key, Body, IfNoneMatch: '*' })),
    get: async (Key) => {
      const { Body } = await s3.send(new GetObjectCommand({ Bucket: bucket, Key }))
      return Buffer.from((await Body?.transformToByteArray()) ?? [])
    },
    keysBelow: async (Prefix) => {
      const found = await moto.send(new ListObjectsV2Command({ Bucket: bucket, Prefix }))
      return found.KeyCount ?? 0
    },
    [Symbol.asyncDispose]: () => aws[Symbol.asyncDispose](),
  }
}

describe('S3 without AWS', { skip: withoutAws(), timeout: MS_MAX }, () => {
  let world: S3World
  before(async () => {
    world = await openS3World()
  })
  after(() => world[Symbol.asyncDispose]())

  const EXPECTED: Readonly<Record<S3Mishap, readonly [Outcome, applied: boolean]>> = {
    'slow-down': ['SlowDown 503', false],
    failed: ['InternalError 500', false],
    conflict: ['ConditionalRequestConflict 409', false],
    'applied-then-500': ['InternalError 500', true],
    'applied-then-cut': ['TimeoutError -', true],
    cut: ['TimeoutError -', false],
    hang: ['TimeoutError -', false],
    delay: ['ok', true],
  }
  for (const kind of S3_MISHAPS)
    it(`${kind}: the answer and what was applied are as it says, once`, async () => {
      const {
        aws: { s3Faults },
        put,
        keysBelow,
        s3,
        impatient,
      } = world
      const [outcome, applied] = EXPECTED[kind]
      const key = `mishaps/${kind}`
      s3Faults.inject({ kind, operation: 'PutObject', resource: key, times: 1, ms: 200 })
      const by = kind === 'hang' ? impatient : s3
      assert.equal(await outcomeOf(put(key, 'spoilt', by)), outcome)
      assert.equal(await keysBelow(key), applied ? 1 : 0)
      assert.equal(s3Faults.happened(kind), 1)
      assert.equal(await outcomeOf(put(key, 'whole')), applied ? 'PreconditionFailed 412' : 'ok')
    })

  it('tells the operations apart, and slows one of them alone', async () => {
    const {
      aws: { s3Faults, bucket },
      s3,
      put,
      get,
    } = world
    const before = s3Faults.happened('delay')
    s3Faults.inject({ kind: 'delay', operation: 'ListObjects', ms: 200, times: 1 })
    await put('apart/ä +?&%41', 'x')
    assert.equal((await get('apart/ä +?&%41')).toString(), 'x')
    assert.equal(s3Faults.happened('delay'), before)
    const startedAt = performance.now()
    await s3.send(new ListObjectsV2Command({ Bucket: bucket, Prefix: 'apart/' }))
    assert.ok(performance.now() - startedAt >= 195)
    const upload = { Bucket: bucket, Key: 'apart/parts' }
    const { UploadId } = await s3.send(new CreateMultipartUploadCommand(upload))
    const part = { ...upload, UploadId, PartNumber: 1, Body: Buffer.alloc(1000, 'y') }
    s3Faults.inject({ kind: 'failed', operation: ['UploadPart'], times: 1 })
    assert.equal(await outcomeOf(s3.send(new UploadPartCommand(part))), 'InternalError 500')
    const { ETag } = await s3.send(new UploadPartCommand(part))
    const Parts = { Parts: [{ PartNumber: 1, ETag }] }
    const complete = { ...upload, UploadId, MultipartUpload: Parts }
    await s3.send(new CompleteMultipartUploadCommand(complete))
    assert.equal((await get('apart/parts')).length, 1000)
    assert.deepEqual(
      (['CreateMultipartUpload', 'UploadPart', 'CompleteMultipartUpload'] as const).map(
        (operation) => s3Faults.seen(operation),
      ),
      [1, 2, 1],
    )
  })

  it('loses a connection in the midst of what is got', async () => {
    const {
      aws: { s3Faults },
      put,
      get,
    } = world
    const body = Buffer.alloc(5_000_000, 'z')
    await put('large', body)
    s3Faults.inject({ kind: 'applied-then-cut', operation: 'GetObject', times: 1 })
    await assert.rejects(get('large'))
    assert.ok((await get('large')).equals(body))
  })
})

describe('MinIO', { skip: withoutMinio(), timeout: MS_MAX }, () => {
  it('creates a key once among many, and keeps it through a kill, on the same port', async () => {
    let pid: number | null = null
    let dir = ''
    {
      await using minio = await startMinio({ seed: 7 })
      const { bucket } = minio
      const s3 = s3At(minio.endpoint, minio)
      const put = (Key: string, Body: string | Buffer = Key) =>
        outcomeOf(s3.send(new PutObjectCommand({ Bucket: bucket, Key, Body, IfNoneMatch: '*' })))
      const outcomes = await Promise.all(Array.from({ length: RACERS }, () => put('k')))
      assert.equal(outcomes.filter((outcome) => outcome === 'ok').length, 1)
      assert.ok(outcomes.every((outcome) => ['ok', 'PreconditionFailed 412'].includes(outcome)))
      const { pid: first, direct } = minio
      const body = Buffer.alloc(4_000_000, 'x')
      const flying = Array.from({ length: RACERS }, (_, n) => put(`flying/${n}`, body))
      await delay(20)
      await minio.kill()
      for (const outcome of await Promise.all(flying)) assert.match(outcome, /^ok$| -$/)
      assert.equal(minio.pid, null)
      assert.match(await put('down'), / -$/)
      await minio.start()
      assert.notEqual(minio.pid, first)
      assert.equal(minio.direct, direct)
      assert.equal(await put('k'), 'PreconditionFailed 412')
      minio.s3Faults.inject({ kind: 'slow-down', operation: 'PutObject', times: 1 })
      assert.equal(await put('down'), 'SlowDown 503')
      assert.equal(await put('down'), 'ok')
      pid = minio.pid
      dir = dirname(minio.log)
    }
    assert.ok(pid !== null && !lives(pid))
    assert.equal(existsSync(dir), false)
  })
})
