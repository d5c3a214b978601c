import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isFault } from '../flow/fault.ts'
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

test('an endpoint that is none, or carries a key, is refused and not repeated', async () => {
  for (const url of [
    'minio:9000',
    'ftp://minio',
    'minio.example',
    'https://key:hidden@minio',
    'https://minio?hidden',
  ])
    for (const [name, reach] of [
      ['TICKLAKE_S3_ENDPOINT', s3Reach],
      ['TICKLAKE_GLUE_ENDPOINT', glueReach],
    ] as const) {
      const loaded = await load({ [name]: url })
      assert.throws(
        () => reach(loaded),
        (error) => isFault(error, 'invalid') && !/hidden/.test(error.message + error.remedy),
        url,
      )
    }
})
