import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, test } from 'node:test'
import { systemClock } from '../flow/clock.ts'
import { isFault, type FaultKind } from '../flow/fault.ts'
import { systemRandom } from '../flow/random.ts'
import { RECORDS } from '../market/tables.ts'
import { openGlueCatalog } from './glue-catalog.ts'
import { openS3Store } from './s3-store.ts'

/** What the server answers to whatever it is asked. */
let answer = (response: ServerResponse): unknown => response.end()
const server = createServer((request, response) => {
  request.resume()
  request.on('end', () => answer(response))
})
server.listen(0, '127.0.0.1')
await once(server, 'listening')
const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
after(() => server.close())

const IDENTITY = { AWS_ACCESS_KEY_ID: 'AKIATEST', AWS_SECRET_ACCESS_KEY: 'hidden-word' }
Object.assign(process.env, IDENTITY, { AWS_EC2_METADATA_DISABLED: 'true' })

// Waiting between tries is not what is tried here.
const clock = { ...systemClock, sleep: async () => undefined }
const around = { clock, random: systemRandom }
const timeouts = { connectMs: 1_000, idleMs: 200 }
const NAME = { namespace: 'market', name: RECORDS.name }

const openStore = (at = endpoint) =>
  openS3Store({
    bucket: 'bucket',
    prefix: 'p',
    reach: { region: 'us-east-1', endpoint: at, pathStyle: true, timeouts },
    mode: 'read',
    ...around,
  })
const openCatalog = (at = endpoint) =>
  openGlueCatalog({
    reach: { region: 'us-east-1', endpoint: at, timeouts },
    mode: 'write',
    tables: [RECORDS],
    location: (folder) => `s3://bucket/p/${folder}`,
    ...around,
  })

type Expected = { readonly kind: FaultKind; readonly message: RegExp; readonly remedy: RegExp }

const matches =
  ({ kind, message, remedy }: Expected) =>
  (error: unknown): boolean => {
    assert.ok(isFault(error, kind), String(error))
    assert.match(error.message, message)
    assert.match(error.remedy, remedy)
    assert.doesNotMatch(error.message + error.remedy, /hidden-word/)
    return true
  }

async function storeMeets(expected: Expected, at?: string): Promise<void> {
  using store = await openStore(at)
  await assert.rejects(store.read('k'), matches(expected))
}

async function catalogMeets(expected: Expected, at?: string): Promise<void> {
  await using catalog = await openCatalog(at)
  await assert.rejects(catalog.load(NAME), matches(expected))
}

const xml =
  (status: number, code: string, { more = '', headers = {} } = {}) =>
  (response: ServerResponse) => {
    response.writeHead(status, { 'content-type': 'application/xml', ...headers })
    response.end(`<Error><Code>${code}</Code><Message>of S3</Message>${more}</Error>`)
  }
const json = (status: number, type: string) => (response: ServerResponse) => {
  response.writeHead(status, { 'content-type': 'application/x-amz-json-1.1' })
  response.end(JSON.stringify({ __type: type, Message: 'of Glue' }))
}

test('an error of S3 is a fault that names the place and says what to do', async () => {
  for (const [status, code, kind, message, remedy] of [
    [404, 'NoSuchKey', 'invalid', /^s3:\/\/bucket\/p\/k: NoSuchKey/, /address of the lake/],
    [404, 'NoSuchBucket', 'invalid', /^s3:\/\/bucket: NoSuchBucket/, /Make the bucket/],
    [403, 'AccessDenied', 'invalid', /^s3:\/\/bucket\/p\/k: AccessDenied/, /s3:GetObject/],
    [403, 'InvalidAccessKeyId', 'invalid', /InvalidAccessKeyId/, /get-caller-identity/],
    [403, 'SignatureDoesNotMatch', 'invalid', /SignatureDoesNotMatch/, /get-caller-identity/],
    [400, 'ExpiredToken', 'invalid', /ExpiredToken/, /log in again/],
    [403, 'RequestTimeTooSkewed', 'unavailable', /TooSkewed/, /clock/],
    [503, 'SlowDown', 'unavailable', /SlowDown/, /Try again/],
    [503, 'ServiceUnavailable', 'unavailable', /ServiceUnavailable/, /Try again/],
    [500, 'InternalError', 'unavailable', /InternalError/, /Try again/],
    [400, 'RequestTimeout', 'unavailable', /RequestTimeout/, /Try again/],
    [501, 'NotImplemented', 'invalid', /NotImplemented/, /choose another/],
    [400, 'OfNextYear', 'invalid', /OfNextYear: of S3/, /see its message/],
  ] as const) {
    answer = xml(status, code)
    await storeMeets({ kind, message, remedy })
  }
})

test('a bucket of another region is told with its region', async () => {
  const remedy = /set AWS_REGION or aws.region to it/
  answer = xml(400, 'AuthorizationHeaderMalformed', { more: '<Region>eu-west-1</Region>' })
  await storeMeets({ kind: 'invalid', message: /Malformed/, remedy: /in eu-west-1/ })
  answer = xml(301, 'PermanentRedirect', { headers: { 'x-amz-bucket-region': 'eu-north-1' } })
  await storeMeets({ kind: 'invalid', message: /PermanentRedirect/, remedy: /in eu-north-1/ })
  await storeMeets({ kind: 'invalid', message: /PermanentRedirect/, remedy })
  answer = xml(301, 'PermanentRedirect')
  await storeMeets({ kind: 'invalid', message: /Redirect/, remedy: /Name the region/ })
})

test('an error of Glue is a fault that names the table and says what to do', async () => {
  for (const [status, type, kind, remedy] of [
    [400, 'AccessDeniedException', 'invalid', /glue:UpdateTable.*Lake Formation/],
    [400, 'UnrecognizedClientException', 'invalid', /get-caller-identity/],
    [400, 'ExpiredTokenException', 'invalid', /log in again/],
    [400, 'ThrottlingException', 'unavailable', /more slowly.*Try again/],
    [500, 'InternalServiceException', 'unavailable', /Try again/],
    [400, 'OperationTimeoutException', 'unavailable', /Try again/],
    [400, 'GlueEncryptionException', 'invalid', /kms:Decrypt/],
    [400, 'InvalidInputException', 'invalid', /see its message/],
  ] as const) {
    answer = json(status, type)
    const message = new RegExp(`^Glue market\\.records: ${type}: of Glue`)
    await catalogMeets({ kind, message, remedy })
  }
})

test('a table that Glue refuses to change is a fault, never a doubt', async () => {
  await using catalog = await openCatalog()
  for (const type of ['ResourceNumberLimitExceededException', 'AccessDeniedException']) {
    answer = json(400, type)
    await assert.rejects(catalog.swap(NAME, null, 'a'), (error) => isFault(error, 'invalid'))
  }
  answer = json(400, 'OperationTimeoutException')
  assert.equal(await catalog.swap(NAME, null, 'a'), 'unknown')
})

test('a server that is none of AWS is told as such', async () => {
  const remedy = /check the endpoint/
  answer = (response) => response.writeHead(405).end()
  await storeMeets({ kind: 'invalid', message: /HTTP 405/, remedy })
  await catalogMeets({ kind: 'invalid', message: /HTTP 405/, remedy })
  answer = (response) => response.writeHead(404).end('<html>no')
  await storeMeets({ kind: 'invalid', message: /^s3:\/\/bucket: (?!.*hidden field)/, remedy })
  answer = (response) => response.end('<html>hello')
  await catalogMeets({ kind: 'invalid', message: /^Glue market.* no words of.*HTTP 200/, remedy })
  answer = (response) => response.writeHead(500).end('<!doctype html>')
  await catalogMeets({ kind: 'unavailable', message: /HTTP 500/, remedy: /another service.*Try/ })
})

test('a network that fails is waited for', async () => {
  const remedy = /Check the network/
  const closed = 'http://127.0.0.1:1'
  const expected = { kind: 'unavailable', message: /ECONNREFUSED/, remedy } as const
  await storeMeets(expected, closed)
  await catalogMeets(expected, closed)
  answer = () => undefined
  const silent = {
    kind: 'unavailable',
    message: /127\.0\.0\.1:\d+ gives no answer/,
    remedy,
  } as const
  await storeMeets(silent)
  await catalogMeets(silent)
  answer = (response) => response.socket?.destroy()
  await storeMeets({ kind: 'unavailable', message: /^s3:\/\/bucket: /, remedy })
})

test('a server that is silent is waited for twice, however often it is asked', async () => {
  let requests = 0
  answer = () => void (requests += 1)
  using store = await openStore()
  for (let i = 0; i < 4; i++) await assert.rejects(store.read('k'))
  assert.equal(requests, 2)
  await systemClock.sleep(timeouts.idleMs)
  answer = (response) => response.end('back')
  assert.equal(Buffer.from(await store.read('k')).toString(), 'back')
})

test('https to a server that speaks no TLS says so', async () => {
  const plain = endpoint.replace('http:', 'https:')
  const remedy = /speaks no TLS: write http:/
  const expected = { kind: 'invalid', message: /127\.0\.0\.1:\d+ answers https/, remedy } as const
  await storeMeets(expected, plain)
  await catalogMeets(expected, plain)
})

test('a message is no sentence', async () => {
  answer = (response) => {
    response.writeHead(404, { 'content-type': 'application/xml' })
    response.end('<Error><Code>NoSuchKey</Code><Message>It does not exist.</Message></Error>')
  }
  await storeMeets({ kind: 'invalid', message: /exist$/, remedy: /is not there/ })
})

test('without credentials it says so, and where they come from', async () => {
  for (const name of Object.keys(IDENTITY)) delete process.env[name]
  process.env['AWS_CONFIG_FILE'] = process.env['AWS_SHARED_CREDENTIALS_FILE'] = '/nowhere'
  try {
    const remedy = /AWS_PROFILE.*docs\/operating\.md/
    const expected = { kind: 'invalid', message: /credentials/, remedy } as const
    await storeMeets(expected)
    await catalogMeets(expected)
    process.env['AWS_PROFILE'] = 'nope'
    await storeMeets({ ...expected, message: /AWS_PROFILE names nope/ })
    delete process.env['AWS_PROFILE']
    process.env['AWS_ACCESS_KEY_ID'] = IDENTITY.AWS_ACCESS_KEY_ID
    await storeMeets({ ...expected, message: /AWS_SECRET_ACCESS_KEY is not/ })
  } finally {
    delete process.env['AWS_PROFILE']
    Object.assign(process.env, IDENTITY)
  }
})

test('without a region it says so', async () => {
  for (const name of ['AWS_REGION', 'AWS_DEFAULT_REGION']) delete process.env[name]
  process.env['AWS_CONFIG_FILE'] = '/nowhere'
  const reach = { region: null, endpoint: null, pathStyle: false }
  await assert.rejects(
    openS3Store({ bucket: 'bucket', prefix: '', reach, mode: 'read', ...around }),
    matches({ kind: 'invalid', message: /no AWS region/, remedy: /AWS_REGION/ }),
  )
})
