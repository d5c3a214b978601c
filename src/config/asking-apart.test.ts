import assert from 'node:assert/strict'
import { test } from 'node:test'
import { packed, unpacked } from './asking-apart.ts'
import { loadSettings } from './load.ts'

test('settings come through to the process of a query as they are, secrets hidden as before', async () => {
  const loaded = await loadSettings({
    flags: new Map(),
    env: { TICKLAKE_SERVE_TOKEN: 'a token of sixteen', FINNHUB_TOKEN: 'key', TICKLAKE_DATA: 'x' },
    cwd: '/nowhere',
    home: '/nowhere',
    file: null,
  })
  const again = unpacked(structuredClone(packed(loaded)))
  assert.deepEqual(again.origins, loaded.origins)
  assert.equal(again.cwd, loaded.cwd)
  assert.deepEqual(Object.keys(again.settings), Object.keys(loaded.settings))
  assert.equal(again.settings.data, 'x')
  assert.equal(again.settings['serve.token']?.reveal(), 'a token of sixteen')
  assert.equal(again.settings['finnhub.token']?.reveal(), 'key')
  assert.deepEqual([...again.secrets.keys()], [...loaded.secrets.keys()])
  assert.doesNotMatch(JSON.stringify(again.settings), /sixteen/)
})
