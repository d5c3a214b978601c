import type * as S3 from '@aws-sdk/client-s3'
import { errorCode, httpStatus } from '../aws-fault.ts'
import { bulkIdleMs, clientOptions, heardOf, regionOf, type AwsReach } from '../aws-reach.ts'
import { s3Fault } from '../s3-fault.ts'
import type { ByteRange, Entry } from '../store.ts'
import { digestByMd5, md5 } from './digest.ts'

/** How the store of a bucket is reached. */
export type S3Reach = AwsReach & {
  /** The bucket stands in the path of a request, not in the host's name. */
  readonly pathStyle: boolean
}

/** `conflict`: another request for the key is under way; nothing was decided. */
export type Created = 'created' | 'exists' | 'conflict'
/** One part of a large object, as it was taken. */
export type Part = { readonly number: number; readonly tag: string; readonly crc: string | null }
export type Upload = { readonly key: string; readonly id: string }
export type Page = {
  /** By whole keys. */
  readonly entries: readonly Entry[]
  /** Where the next page begins; null: this was the last. */
  readonly next: Continuation | null
}
export type Paging = { readonly from: Continuation | null; readonly keysMax: number }
export type Continuation = { readonly token: string } | { readonly after: string }

export type ObjectRequests = {
  put(key: string, body: Uint8Array): Promise<Created>
  get(key: string, range?: ByteRange): Promise<Uint8Array>
  page(prefix: string, how: Paging): Promise<Page>
  /** At most 1000. */
  remove(keys: readonly string[]): Promise<void>
}
export type UploadRequests = {
  startUpload(key: string): Promise<Upload>
  uploadPart(upload: Upload, number: number, body: Uint8Array): Promise<Part>
  completeUpload(upload: Upload, parts: readonly Part[]): Promise<Created>
  abortUpload(upload: Upload): Promise<void>
}
/** The requests that a store is made of, each sent once; errors are Faults. Keys are whole ones of the bucket. */
export type S3Requests = ObjectRequests & UploadRequests & Disposable & { readonly region: string }

const ANSWERS: Readonly<Record<string, Created>> = {
  PreconditionFailed: 'exists',
  ConditionalRequestConflict: 'conflict',
}

/** From here on sending takes its time: 30 s without an answer are none yet. */
const BULK_BYTES = 1_000_000

type Asking = {
  readonly sdk: typeof S3
  readonly client: S3.S3Client
  /** The same with more patience. */
  readonly bulk: S3.S3Client
  readonly bucket: string
  /** Not AWS: such stores may know neither the newer checksums nor their headers; all know Content-MD5. */
  readonly compatible: boolean
}

/** The one place that knows the S3 client of the AWS SDK, which is loaded now. */
export async function s3Requests(bucket: string, reach: S3Reach): Promise<S3Requests> {
  const sdk = await import('@aws-sdk/client-s3')
  const region = await regionOf(reach, () => new sdk.S3Client().config.region())
  const compatible = reach.endpoint !== null
  const checksums = compatible ? 'WHEN_REQUIRED' : 'WHEN_SUPPORTED'
  const options = {
    region,
    forcePathStyle: reach.pathStyle,
    expectContinueHeader: false, // stores that do not know it would be waited for
    requestChecksumCalculation: checksums,
    responseChecksumValidation: checksums,
  } as const
  const client = new sdk.S3Client({ ...options, ...clientOptions(reach) })
  const { credentials } = client.config // found once for both
  const patient = clientOptions(reach, bulkIdleMs(reach))
  const bulk = new sdk.S3Client({ ...options, ...patient, credentials })
  const heard = heardOf(reach, { service: 's3', region })
  for (const { middlewareStack } of [client, bulk])
    middlewareStack.add((next) => (args) => heard(() => next(args)), {
      step: 'finalizeRequest',
      name: 'heard',
    })
  const asking = { sdk, client, bulk, bucket, compatible }
  return {
    region,
    ...objectRequests(asking),
    ...uploadRequests(asking),
    [Symbol.dispose]: () => {
      client.destroy()
      bulk.destroy()
    },
  }
}

function objectRequests({ sdk, client, bulk, bucket, compatible }: Asking): ObjectRequests {
  const at = (key: string) => ({ Bucket: bucket, Key: key })
  const location = (key: string) => `s3://${bucket}/${key}`
  return {
    put: (key, body) =>
      conditional(location(key), () => {
        const digest = compatible ? { ContentMD5: md5(body) } : {}
        const request = { ...at(key), Body: body, IfNoneMatch: '*', ...digest }
        const by = body.length < BULK_BYTES ? client : bulk
        return by.send(new sdk.PutObjectCommand(request))
      }),
    get: (key, range) =>
      attempt(location(key), async () => {
        const part = range && { Range: `bytes=${range.first}-${range.next - 1}` }
        const request = new sdk.GetObjectCommand({ ...at(key), ...part })
        const { Body, ContentLength } = await client.send(request).catch(pastTheEnd)
        const bytes = (await Body?.transformToByteArray()) ?? new Uint8Array()
        if (ContentLength !== undefined && bytes.length !== ContentLength)
          throw cutShort(bytes.length, ContentLength)
        return bytes
      }),
    page: (prefix, { from, keysMax }) =>
      attempt(location(prefix), async () => {
        const token = from !== null && 'token' in from && { ContinuationToken: from.token }
        const after = from !== null && 'after' in from && { StartAfter: from.after }
        const request = { Bucket: bucket, Prefix: prefix, MaxKeys: keysMax, ...token, ...after }
        return pageOf(await client.send(new sdk.ListObjectsV2Command(request)))
      }),
    remove: (keys) =>
      attempt(location(keys[0] ?? ''), async () => {
        const Objects = keys.map((Key) => ({ Key }))
        const command = new sdk.DeleteObjectsCommand({
          Bucket: bucket,
          Delete: { Objects, Quiet: true },
        })
        if (compatible) digestByMd5(command)
        const { Errors = [] } = await client.send(command)
        const [first] = Errors
        if (first !== undefined) throw notRemoved(first, Errors.length)
      }),
  }
}

function uploadRequests({ sdk, client, bulk, bucket, compatible }: Asking): UploadRequests {
  const of = ({ key, id }: Upload) => ({ Bucket: bucket, Key: key, UploadId: id })
  const location = ({ key }: { readonly key: string }) => `s3://${bucket}/${key}`
  return {
    startUpload: (key) =>
      attempt(location({ key }), async () => {
        const checked = compatible ? {} : ({ ChecksumAlgorithm: 'CRC32' } as const)
        const request = { Bucket: bucket, Key: key, ...checked }
        const { UploadId } = await client.send(new sdk.CreateMultipartUploadCommand(request))
        return { key, id: UploadId ?? '' }
      }),
    uploadPart: (upload, number, body) =>
      attempt(location(upload), async () => {
        const digest = compatible ? { ContentMD5: md5(body) } : {}
        const request = { ...of(upload), PartNumber: number, Body: body, ...digest }
        const { ETag, ChecksumCRC32 } = await bulk.send(new sdk.UploadPartCommand(request))
        return { number, tag: ETag ?? '', crc: ChecksumCRC32 ?? null }
      }),
    completeUpload: (upload, parts) =>
      conditional(location(upload), () => {
        const MultipartUpload = { Parts: parts.map(asSent) }
        const request = { ...of(upload), IfNoneMatch: '*', MultipartUpload }
        return bulk.send(new sdk.CompleteMultipartUploadCommand(request))
      }),
    abortUpload: (upload) =>
      attempt(location(upload), async () => {
        await client.send(new sdk.AbortMultipartUploadCommand(of(upload)))
      }),
  }
}

async function attempt<T>(location: string, act: () => Promise<T>): Promise<T> {
  try {
    return await act()
  } catch (error) {
    throw s3Fault(location, error)
  }
}

/** A range that begins behind the last byte holds nothing. */
function pastTheEnd(error: unknown): Partial<S3.GetObjectCommandOutput> {
  if (httpStatus(error) === 416) return {}
  throw error
}

/** 412 and 409 are the answers of a conditional request, not its failures. */
const conditional = (location: string, send: () => Promise<unknown>): Promise<Created> =>
  attempt(location, async () => {
    try {
      await send()
      return 'created'
    } catch (error) {
      const answer = ANSWERS[errorCode(error)]
      if (answer === undefined) throw error
      return answer
    }
  })

type Listing = {
  readonly Contents?:
    | readonly {
        readonly Key?: string | undefined
        readonly Size?: number | undefined
        readonly LastModified?: Date | undefined
      }[]
    | undefined
  readonly IsTruncated?: boolean | undefined
  readonly NextContinuationToken?: string | undefined
}

function pageOf({ Contents = [], IsTruncated, NextContinuationToken: token }: Listing): Page {
  const entries = Contents.map(({ Key = '', Size = 0, LastModified }) => ({
    key: Key,
    size: Size,
    modifiedMs: LastModified?.getTime() ?? 0,
  }))
  const last = entries.at(-1)
  if (IsTruncated !== true || last === undefined) return { entries, next: null }
  return { entries, next: token === undefined ? { after: last.key } : { token } }
}

const asSent = ({ number, tag, crc }: Part) => ({
  PartNumber: number,
  ETag: tag,
  ...(crc !== null && { ChecksumCRC32: crc }),
})

/** As an error of the SDK, so that it is read like one. */
const cutShort = (got: number, wanted: number): Error =>
  Object.assign(new Error(`the answer broke off after ${got} of ${wanted} bytes`), {
    code: 'ECONNRESET',
  })

type Refused = {
  readonly Key?: string | undefined
  readonly Code?: string | undefined
  readonly Message?: string | undefined
}

const notRemoved = ({ Key, Code = '', Message }: Refused, count: number): Error =>
  Object.assign(new Error(`${Key} was not removed, of ${count}: ${Message}`), { name: Code })
