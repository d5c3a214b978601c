import type { Fault } from '../flow/fault.ts'
import { AGAIN, awsFault, errorCode, type Reading } from './aws-fault.ts'

/** The rights on a lake's bucket, for messages. */
const RIGHTS =
  's3:GetObject, s3:PutObject, s3:DeleteObject and s3:AbortMultipartUpload on the objects, s3:ListBucket on the bucket'

const READINGS: Readonly<Record<string, Reading>> = {
  NoSuchKey: {
    kind: 'invalid',
    remedy: 'The object is not there: check the address of the lake.',
  },
  NoSuchBucket: {
    kind: 'invalid',
    remedy: 'Make the bucket, or correct TICKLAKE_LAKE and the region.',
  },
  AccessDenied: {
    kind: 'invalid',
    remedy: `Give the identity that asks ${RIGHTS}; of an encrypted bucket also its key (kms:Decrypt, kms:GenerateDataKey).`,
  },
  AllAccessDisabled: { kind: 'invalid', remedy: 'The bucket is locked: ask AWS.' },
  NotImplemented: {
    kind: 'invalid',
    remedy: 'This store lacks a part of S3 that a lake needs: choose another, as TICKLAKE_LAKE.',
  },
  NoSuchUpload: { kind: 'unavailable', remedy: `The upload was broken off. ${AGAIN}` },
  InternalError: { kind: 'unavailable', remedy: `S3 failed for a moment. ${AGAIN}` },
  BadDigest: { kind: 'unavailable', remedy: `The bytes changed on their way. ${AGAIN}` },
  IncompleteBody: { kind: 'unavailable', remedy: `The request broke off. ${AGAIN}` },
}
/** The bucket lies in another region; what then is told differs by how it was asked. */
const ELSEWHERE: readonly string[] = [
  'PermanentRedirect',
  'TemporaryRedirect',
  'AuthorizationHeaderMalformed',
  'IllegalLocationConstraintException',
]

/** Errors of one object; all others concern the bucket, or whoever asks. */
const OF_OBJECT: readonly string[] = ['NoSuchKey', 'AccessDenied', 'BadDigest', 'IncompleteBody']

/** An error of S3 as the fault that says what to do; `location` is what was asked for, s3://bucket/key. */
export function s3Fault(location: string, error: unknown): Fault {
  const bucket = location.split('/').slice(0, 3).join('/')
  const what = OF_OBJECT.includes(errorCode(error)) ? location : bucket
  const region = regionIn(error)
  const remedy =
    region === null
      ? 'Name the region of the bucket: AWS_REGION or aws.region.'
      : `The bucket is in ${region}: set AWS_REGION or aws.region to it.`
  const moved = ELSEWHERE.map((code) => [code, { kind: 'invalid', remedy }] as const)
  return awsFault(what, error, { ...READINGS, ...Object.fromEntries(moved) })
}

/** The bucket's own region, which S3 tells beside an error of this kind. */
function regionIn(error: unknown): string | null {
  const { Region: told, $response: response } = (error ?? {}) as {
    readonly Region?: unknown
    readonly $response?: { readonly headers?: Readonly<Record<string, unknown>> }
  }
  const region = told ?? response?.headers?.['x-amz-bucket-region']
  return typeof region === 'string' && /^[a-z0-9-]+$/.test(region) ? region : null
}
