import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isFault } from '../flow/fault.ts'
import { withoutLogin } from './address.ts'
import { glueReach, s3Reach } from './aws.ts'
import { loadSettings } from './load.ts'

const load = (env: Record<string, string>) =>
  loadSettings({
    flags: new Map(),
    env: { ...env, XDG_CONFIG_HOME: '/nowhere' },
    cwd: '/nowhere',
    home: '/nowhere',
    file: null,
  })

test('without settings AWS is reached as its SDK finds it', async () => {
  const loaded = await load({})
  assert.deepEqual(s3Reach(loaded), { region: null, endpoint: null, pathStyle: false })
  assert.deepEqual(glueReach(loaded), { region: null, endpoint: null })
})

test('a store that is not AWS is reached by path, unless it is said otherwise', async () => {
  const env = { TICKLAKE_S3_ENDPOINT: 'https://minio.example:9000/', TICKLAKE_AWS_REGION: 'eu-1' }
  const endpoint = 'https://minio.example:9000'
  assert.deepEqual(s3Reach(await load(env)), { region: 'eu-1', endpoint, pathStyle: true })
  const off = { ...env, TICKLAKE_S3_PATH_STYLE: 'off' }
  assert.equal(s3Reach(await load(off)).pathStyle, false)
  assert.equal(s3Reach(await load({ TICKLAKE_S3_PATH_STYLE: 'on' })).pathStyle, true)
})

test('an endpoint that is none, or holds more than a host, is refused when read and not repeated', async () => {
  for (const url of [
    'minio:9000',
    'ftp://minio',
    'minio.example',
    'https://key:hidden@minio',
    'https://key:hid/hidden@minio',
    'https://minio?hidden',
    'http://minio/path',
  ])
    for (const name of ['S3', 'GLUE', 'ATHENA'])
      await assert.rejects(
        load({ [`TICKLAKE_${name}_ENDPOINT`]: url }),
        (error) => isFault(error, 'invalid') && !/hidden/.test(error.message + error.remedy),
        `${name} ${url}`,
      )
  const loaded = await load({ TICKLAKE_S3_ENDPOINT: 'http://minio:99999' })
  assert.throws(
    () => s3Reach(loaded),
    (error) => isFault(error, 'invalid'),
  )
})

test('a login within an address is not shown', () => {
  assert.equal(withoutLogin('a=http://bob:s3cr3t@host/x'), 'a=http://***@host/x')
  assert.equal(withoutLogin('https://ann@host, s3://b/c'), 'https://ann@host, s3://b/c')
})
