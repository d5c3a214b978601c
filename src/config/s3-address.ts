import { Fault } from '../flow/fault.ts'
import { masked } from './address.ts'

/** Where a lake lies on S3; `address` is the canonical `s3://bucket/prefix`, without a slash at its end. */
export type S3Address = {
  readonly bucket: string
  /** Without slashes around it; empty: the lake is the whole bucket. */
  readonly prefix: string
  readonly address: string
}

const FORM = 's3://BUCKET[/PREFIX]'
/** Of S3's 1024 bytes for a key; the names of the lake's own files need the rest. */
const PREFIX_CHARACTERS_MAX = 512
/** S3's rules for names of general purpose buckets. */
const BUCKET = /^[a-z0-9](?:[a-z0-9-]|\.(?!\.)){1,61}[a-z0-9]$/
const IPV4 = /^\d+\.\d+\.\d+\.\d+$/
const RESERVED = /^(xn--|sthree-)|(-s3alias|--ol-s3|\.mrap|--x-s3|--table-s3)$/
/** Characters that every engine reads alike in a location, whether it decodes percent signs or not. */
const PREFIX_PART = /^[A-Za-z0-9_.=-]+$/

/** Reads `s3://bucket[/prefix]`. Faults: `invalid`, which never repeats what may be a key or a password. */
export function parseS3Address(written: string): S3Address {
  const [, bucket = '', rest = ''] = /^s3:\/\/([^/]*)(.*)$/s.exec(written) ?? []
  if (/[@?#:]/.test(written.replace(/^s3:/, '')))
    throw wrong(`the lake's address ${masked(written)} holds more than a bucket and a prefix`, {
      remedy: `Write ${FORM}; keys come from AWS_PROFILE or AWS_ACCESS_KEY_ID, an endpoint from TICKLAKE_S3_ENDPOINT.`,
    })
  if (!written.startsWith('s3://')) throw wrong(`${JSON.stringify(written)} is no S3 address`)
  checkBucket(bucket)
  const prefix = rest.replace(/^\//, '').replace(/\/$/, '')
  if (prefix !== '') checkPrefix(prefix)
  return { bucket, prefix, address: `s3://${bucket}${prefix === '' ? '' : `/${prefix}`}` }
}

export const isS3 = (address: string | null): address is string =>
  address !== null && address.startsWith('s3:')

function checkBucket(bucket: string): void {
  if (!BUCKET.test(bucket) || /\.-|-\./.test(bucket) || IPV4.test(bucket))
    throw wrong(`the lake's address names the bucket ${JSON.stringify(bucket)}`, {
      remedy: 'A bucket has 3 to 63 lower-case letters, digits, dots and hyphens.',
    })
  if (RESERVED.test(bucket))
    throw wrong(`the bucket ${bucket} is not one of general purpose`, {
      remedy:
        'Name a general purpose bucket: aliases, directory and table buckets do not list alike.',
    })
}

function checkPrefix(prefix: string): void {
  const bad = prefix.split('/').some((part) => !PREFIX_PART.test(part) || /^\.{1,2}$/.test(part))
  if (bad || prefix.length > PREFIX_CHARACTERS_MAX)
    throw wrong(`the lake's address names the prefix ${JSON.stringify(prefix)}`, {
      remedy: `A prefix is names joined by single slashes, of letters, digits and _ . = -, at most ${PREFIX_CHARACTERS_MAX} characters.`,
    })
}

const wrong = (message: string, { remedy = `Write ${FORM}.` }: { remedy?: string } = {}): Fault =>
  new Fault('invalid', message, { remedy })
