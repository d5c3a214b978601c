import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isFault } from '../flow/fault.ts'
import { parseS3Address } from './s3-address.ts'

test('an address has one canonical text, from which it is read again', () => {
  for (const [written, bucket, prefix, address] of [
    ['s3://bucket', 'bucket', '', 's3://bucket'],
    ['s3://bucket/', 'bucket', '', 's3://bucket'],
    ['s3://my.bucket-1/a/b', 'my.bucket-1', 'a/b', 's3://my.bucket-1/a/b'],
    ['s3://bucket/a=1/b_c/', 'bucket', 'a=1/b_c', 's3://bucket/a=1/b_c'],
  ] as const) {
    assert.deepEqual(parseS3Address(written), { bucket, prefix, address })
    assert.deepEqual(parseS3Address(address), { bucket, prefix, address })
  }
})

test('what S3 or an engine would not take is refused with what it takes', () => {
  for (const [written, says] of [
    ['s3:bucket', /no S3 address/],
    ['s3://', /bucket ""/],
    ['s3://ab', /bucket "ab"/],
    ['s3://Bucket', /bucket "Bucket"/],
    ['s3://my_bucket', /bucket "my_bucket"/],
    ['s3://-bucket', /bucket "-bucket"/],
    ['s3://a..b', /bucket/],
    ['s3://a.-b', /bucket/],
    ['s3://10.0.0.1', /bucket/],
    [`s3://${'b'.repeat(64)}`, /bucket/],
    ['s3://bucket--x-s3', /not one of general purpose/],
    ['s3://mine-s3alias', /not one of general purpose/],
    ['s3://bucket//a', /prefix "\/a"/],
    ['s3://bucket/a//b', /prefix/],
    ['s3://bucket/../b', /prefix/],
    ['s3://bucket/a b', /prefix/],
    ['s3://bucket/a%20b', /prefix/],
    [`s3://bucket/${'p'.repeat(513)}`, /prefix/],
  ] as const)
    assert.throws(
      () => parseS3Address(written),
      (error) => isFault(error, 'invalid') && says.test(error.message) && error.remedy !== '',
      written,
    )
})

test('keys, ports and options in an address are refused and never repeated', () => {
  for (const written of [
    's3://AKIAX:hidden@bucket/x',
    's3://hidden@bucket',
    's3://bucket/x?secret=hidden',
    's3://bucket/x#hidden',
  ])
    assert.throws(
      () => parseS3Address(written),
      (error) => isFault(error, 'invalid') && !/hidden/.test(error.message + error.remedy),
    )
})
