import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, test } from 'node:test'
import { inspect } from 'node:util'
import { Fault } from '../flow/fault.ts'
import { loadSettings, type Loaded, type Surroundings } from './load.ts'
import { redactor } from './secret.ts'
import type { SettingName } from './settings.ts'

describe('loadSettings', () => {
  let dir = ''
  beforeEach(() => (dir = mkdtempSync(join(tmpdir(), 'ticklake-load-'))))
  afterEach(() => rmSync(dir, { recursive: true }))

  const load = (around: Partial<Surroundings> = {}): Promise<Loaded> =>
    loadSettings({ flags: new Map(), env: {}, cwd: dir, home: dir, file: null, ...around })
  const flags = (entries: readonly (readonly [SettingName, string])[]) => ({
    flags: new Map(entries),
  })
  const file = (name: string, text: string) => writeFileSync(join(dir, name), text)
  const refused = async (around: Partial<Surroundings>, message: RegExp) =>
    assert.rejects(
      load(around),
      (error) => error instanceof Fault && error.kind === 'invalid' && message.test(error.message),
    )

  test('a flag wins over the environment, that over .env, that over the file', async () => {
    file('ticklake.yaml', 'port: 1\nland:\n  rows: 1\n  age: 1s\n  size: 1MB\n')
    file('.env', 'TICKLAKE_PORT=2\nTICKLAKE_LAND_ROWS=2\nTICKLAKE_LAND_AGE=2s\nOTHER=1\n')
    const env = { TICKLAKE_PORT: '3', TICKLAKE_LAND_ROWS: '3' }
    const { settings, origins } = await load({ env, ...flags([['port', '4']]) })
    assert.deepEqual(
      [settings.port, settings['land.rows'], settings['land.age'], settings['land.size']],
      [4, 3, 2000, 1_000_000],
    )
    assert.deepEqual(
      [origins.get('port'), origins.get('land.rows'), origins.get('land.age')],
      ['flag --port', 'environment TICKLAKE_LAND_ROWS', `${join(dir, '.env')}:3`],
    )
    assert.equal(origins.get('land.size'), `${join(dir, 'ticklake.yaml')}:5:3`)
    assert.equal(origins.get('tz'), 'default')
  })

  test('an unknown key is refused with its line and the nearest known one', async () => {
    file('ticklake.yaml', 'port: 7400\nland:\n  rowz: 5\n')
    await refused({}, /ticklake\.yaml:3:3: unknown setting land\.rowz – did you mean land\.rows\?/)
  })

  test('an unknown TICKLAKE variable is refused, another program’s is not', async () => {
    await refused({ env: { TICKLAKE_PROT: '1' } }, /TICKLAKE_PROT – did you mean TICKLAKE_PORT\?/)
    await load({ env: { PORT: '1' } })
  })

  test('a value out of its range is refused with its place and what is taken', async () => {
    file('ticklake.yaml', 'land:\n  age: 10\n')
    await refused({}, /ticklake\.yaml:2:3: land\.age takes a duration such as .*, not 10/)
  })

  test('broken YAML is refused with its line', async () => {
    file('ticklake.yaml', 'port: 1\nland: [\n')
    await refused({}, /ticklake\.yaml:\d+:\d+: /)
  })

  test('symbols stay as they are written, also those that YAML would read as booleans or numbers', async () => {
    file('ticklake.yaml', "symbols: [TRUE, NO, 'BRK.B', 123, IC MARKETS:1]\n")
    const { settings } = await load()
    assert.deepEqual(settings.symbols, ['TRUE', 'NO', 'BRK.B', '123', 'IC MARKETS:1'])
  })

  test('an empty variable is not set', async () => {
    const { settings } = await load({ env: { FINNHUB_TOKEN: '' } })
    assert.equal(settings['finnhub.token'], null)
  })

  test('the key is never printed, wherever it came from', async () => {
    file('key', 'top-secret-key\n')
    const { settings, origins, secrets } = await load({ env: { FINNHUB_TOKEN_FILE: 'key' } })
    const token = settings['finnhub.token']
    assert.equal(token?.reveal(), 'top-secret-key')
    assert.equal(origins.get('finnhub.token'), join(dir, 'key'))
    for (const text of [String(token), JSON.stringify({ token }), inspect({ token })])
      assert.ok(!text.includes('top-secret-key'), text)
    const hide = redactor(secrets)
    assert.equal(hide('wss://ws.finnhub.io?token=top-secret-key'), 'wss://ws.finnhub.io?token=***')
  })

  test('no secret is shown: not in a log, not in JSON, not where one is part of another', async () => {
    file('ticklake.yaml', 'kafka:\n  password: 01234\n  token: "a\\"b 01234"\n')
    const { settings, secrets } = await load({ env: { FINNHUB_TOKEN: 'k/y' } })
    assert.equal(settings['kafka.password']?.reveal(), '01234')
    const hide = redactor(secrets)
    const line = JSON.stringify({ said: 'a"b 01234', url: '?key=k%2Fy', password: '01234' })
    assert.equal(hide(line), '{"said":"***","url":"?key=***","password":"***"}')
  })

  test('a file of a secret that is missing or empty is named, a secret that is given wins', async () => {
    file('empty', '\n')
    const env = { TICKLAKE_KAFKA_PASSWORD_FILE: 'empty' }
    await refused({ env }, /empty, the file of the Kafka password, is missing or empty/)
    const { settings } = await load({ env: { ...env, TICKLAKE_KAFKA_PASSWORD: 'given' } })
    assert.equal(settings['kafka.password']?.reveal(), 'given')
  })

  test('the name of a lander in its group is one that Kafka takes', async () => {
    const { settings } = await load(flags([['kafka.instance', 'lander-1']]))
    assert.equal(settings['kafka.instance'], 'lander-1')
    await refused(flags([['kafka.instance', 'a b']]), /kafka\.instance takes a name .*, not "a b"/)
  })

  test('a settings file that was named must be there', async () => {
    await refused({ file: 'other.yaml' }, /no settings file .*other\.yaml/)
  })
})
