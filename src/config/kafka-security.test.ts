import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, test } from 'node:test'
import { Fault, isFault } from '../flow/fault.ts'
import { kafkaSecurity, sendsSecretInTheClear } from './kafka-security.ts'
import { loadSettings, type Loaded } from './load.ts'
import { placesOf } from './places.ts'
import { redactor } from './secret.ts'

// Made for this test: a certificate that nobody trusts, its key, and the key of another.
const CERT = pem(
  'CERTIFICATE',
  `MIIBbzCCARWgAwIBAgIURKC33VqbpiIrXiPFO6GXVshLK2EwCgYIKoZIzj0EAwIw
DDEKMAgGA1UEAwwBYTAgFw0yNjExMjYxNjQ5NTBaGA8yMTI2MTEwMjE2NDk1MFow
DDEKMAgGA1UEAwwBYTBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABIm/dqQtKyxX
sgonPUiIS8hgeLfRhgHwQ10USO6Ufw00dNAJVIGHjWJF5EJ2DgLKtfOwXrYui51t
bqnQ/mqhbTKjUzBRMB0GA1UdDgQWBBSrR4f496i/Iv+YE/GDj1ZvsvL5yjAfBgNV
HSMEGDAWgBSrR4f496i/Iv+YE/GDj1ZvsvL5yjAPBgNVHRMBAf8EBTADAQH/MAoG
CCqGSM49BAMCA0gAMEUCID+NscFz8mifQSpb2tVTDrsVJjnYUe8cVqyzKjvtJtt/
AiEA4sfOW6LyUhP2V7hfXFrpPi9Bo+Epjuqcf/aOeFY98Ms=`,
)
const KEY = pem(
  'PRIVATE KEY',
  `MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgVX6Rst9tqfoEbx0Z
IWAkBGUprdudjCWMyH2Gt8mPqwahRANCAASJv3akLSssV7IKJz1IiEvIYHi30YYB
8ENdFEjulH8NNHTQCVSBh41iReRCdg4CyrXzsF62LoudbW6p0P5qoW0y`,
)
const OTHER_KEY = pem(
  'PRIVATE KEY',
  `MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgCXWPzmBtEv3UNKnd
JP+YKOmq1HskCgps3N8rMQvtKA2hRANCAATKYec8RSNEsAtctzwzsKfkrS/cnvJP
YM1236Thh1rIIPcB/K6lt40kKwFDdbXnemHdlKjAEsO6FyEMUIjVFU/j`,
)

function pem(what: string, lines: string): string {
  return `-----BEGIN ${what}-----\n${lines}\n-----END ${what}-----\n`
}

describe('kafkaSecurity', () => {
  let dir = ''
  beforeEach(() => (dir = mkdtempSync(join(tmpdir(), 'ticklake-kafka-'))))
  afterEach(() => rmSync(dir, { recursive: true }))
  const file = (name: string, text: string): string => {
    writeFileSync(join(dir, name), text)
    return name
  }
  /** Names are those of settings, without `TICKLAKE_KAFKA_`. */
  const load = (tape: string, settings: Readonly<Record<string, string>> = {}): Promise<Loaded> => {
    const named = Object.entries(settings).map(([name, value]) => [`TICKLAKE_KAFKA_${name}`, value])
    const env = { ...Object.fromEntries(named), TICKLAKE_TAPE: tape, XDG_CONFIG_HOME: dir }
    return loadSettings({ flags: new Map(), env, cwd: dir, home: dir, file: null })
  }
  const security = async (tape: string, settings: Readonly<Record<string, string>> = {}) =>
    kafkaSecurity(await load(tape, settings))
  const refused = (
    tape: string,
    settings: Readonly<Record<string, string>>,
    says: RegExp,
  ): Promise<void> =>
    assert.rejects(
      security(tape, settings),
      (error) => isFault(error, 'invalid') && says.test(`${error.message}\n${error.remedy}`),
      `${tape} ${JSON.stringify(settings)}`,
    )

  test('without settings there is none', async () => {
    assert.deepEqual(await security('kafka://h'), { tls: null, sasl: null })
  })

  test('TLS is on when said so, or when one of its files is named', async () => {
    const none = { ca: null, cert: null, key: null }
    assert.deepEqual((await security('kafka://h', { TLS: 'on' })).tls, none)
    file('ca.pem', `an authority\n${CERT}${CERT}`)
    const { tls } = await security('kafka://h', { TLS_CA: 'ca.pem' })
    assert.deepEqual(tls, { ...none, ca: `an authority\n${CERT}${CERT}` })
    file('cert.pem', CERT)
    file('key.pem', KEY)
    const mutual = { TLS_CERT: 'cert.pem', TLS_KEY: join(dir, 'key.pem') }
    assert.deepEqual((await security('kafka://h', mutual)).tls, { ca: null, cert: CERT, key: KEY })
    await refused(
      'kafka://h',
      { ...mutual, TLS: 'off' },
      /kafka\.tls is off, and kafka\.tls_cert is set/,
    )
  })

  test('a file that does not hold what it should is named', async () => {
    file('junk.pem', 'junk')
    file('broken.pem', pem('CERTIFICATE', 'AAAA'))
    file('cert.pem', CERT)
    file('other.pem', OTHER_KEY)
    await refused(
      'kafka://h',
      { TLS_CA: 'absent.pem' },
      /absent\.pem, the file of kafka\.tls_ca, is missing/,
    )
    await refused('kafka://h', { TLS_CA: 'junk.pem' }, /junk\.pem holds no certificate/)
    await refused(
      'kafka://h',
      { TLS_CA: 'broken.pem' },
      /broken\.pem holds a certificate that cannot/,
    )
    const cert = { TLS_CERT: 'cert.pem' }
    await refused('kafka://h', cert, /kafka\.tls_cert is set without the other[^]*Set both/)
    await refused('kafka://h', { TLS_KEY: 'other.pem' }, /kafka\.tls_key is set without the other/)
    for (const key of ['other.pem', 'junk.pem'])
      await refused(
        'kafka://h',
        { ...cert, TLS_KEY: key },
        new RegExp(`${key} holds no private key that`),
      )
  })

  test('a user is proved by a password, given or in a file', async () => {
    file('password', ' word \n')
    for (const [given, word] of [
      [{ PASSWORD: 'pw' }, 'pw'],
      [{ PASSWORD_FILE: 'password' }, ' word '],
    ] as const)
      for (const mechanism of ['plain', 'scram-sha-256', 'scram-sha-512']) {
        const { sasl } = await security('kafka://al%40x@h', { ...given, SASL: mechanism })
        assert.ok(sasl !== null && sasl.mechanism !== 'oauthbearer')
        assert.deepEqual(
          [sasl.mechanism, sasl.user, sasl.password.reveal()],
          [mechanism, 'al@x', word],
        )
      }
  })

  test('half of an authentication is refused, with what is missing', async () => {
    const mechanisms =
      /kafka\.sasl is not set\nSet TICKLAKE_KAFKA_SASL to one of plain, scram-sha-256, scram-sha-512, oauthbearer/
    await refused('kafka://alice@h', {}, mechanisms)
    await refused('kafka://h', { PASSWORD: 'pw' }, mechanisms)
    await refused('kafka://h', { TOKEN_FILE: 'absent' }, mechanisms)
    await refused(
      'kafka://h',
      { SASL: 'plain', PASSWORD: 'pw' },
      /names no user[^]*kafka:\/\/USER@HOST/,
    )
    await refused(
      'kafka://alice@h',
      { SASL: 'scram-sha-256' },
      /alice has no password[^]*_PASSWORD_FILE/,
    )
    await refused('kafka://h', { SASL: 'oauthbearer' }, /there is no token[^]*_TOKEN_FILE/)
    await refused(
      'kafka://h',
      { SASL: 'gssapi' },
      /kafka\.sasl takes one of plain, .*, not "gssapi"/,
    )
  })

  test('the file of a token is read again, and each token is hidden', async () => {
    file('token', 'first-token\n')
    const loaded = await load('kafka://h', { SASL: 'oauthbearer', TOKEN_FILE: 'token' })
    const hide = redactor(loaded.secrets)
    const { sasl } = kafkaSecurity(loaded)
    assert.ok(sasl?.mechanism === 'oauthbearer')
    for (const word of ['first-token', 'second-token']) {
      file('token', word)
      assert.equal((await sasl.token()).reveal(), word)
      assert.equal(hide(`a broker refused ${word}`), 'a broker refused ***')
    }
    file('token', '\n')
    await assert.rejects(
      sasl.token(),
      (error) =>
        error instanceof Fault &&
        error.kind === 'unavailable' &&
        /token, the file/.test(error.message),
    )
    rmSync(join(dir, 'token'))
    assert.throws(
      () => kafkaSecurity(loaded),
      (error) => isFault(error, 'invalid'),
    )
  })

  test('a token that was given is taken as it is', async () => {
    const { sasl } = await security('kafka://h', { SASL: 'oauthbearer', TOKEN: 't' })
    assert.ok(sasl?.mechanism === 'oauthbearer')
    assert.equal((await sasl.token()).reveal(), 't')
  })

  test('a secret goes in the clear only by a mechanism that sends it, without TLS, to another machine', async () => {
    const clear = async (tape: string, settings: Readonly<Record<string, string>>) => {
      const loaded = await load(tape, settings)
      return sendsSecretInTheClear(placesOf(loaded), loaded.settings)
    }
    const plain = { SASL: 'plain', PASSWORD: 'pw' }
    assert.equal(await clear('kafka://u@broker', plain), true)
    assert.equal(await clear('kafka://u@127.0.0.1,broker', plain), true)
    assert.equal(await clear('kafka://u@127.example.com', plain), true)
    assert.equal(await clear('kafka://h', { SASL: 'oauthbearer', TOKEN: 't' }), true)
    assert.equal(await clear('kafka://u@broker', { ...plain, TLS: 'on' }), false)
    assert.equal(await clear('kafka://u@broker', { ...plain, TLS_CA: 'ca.pem' }), false)
    assert.equal(await clear('kafka://u@broker', { ...plain, SASL: 'scram-sha-512' }), false)
    assert.equal(await clear('kafka://broker', {}), false)
    for (const host of ['localhost', '127.0.0.2', '[::1]', '[::ffff:127.0.0.1]'])
      assert.equal(await clear(`kafka://u@${host}`, plain), false, host)
    assert.equal(await clear('sqlite:tape', plain), false)
  })
})
