import { X509Certificate } from 'node:crypto'
import { BlockList, isIP } from 'node:net'
import { resolve } from 'node:path'
import { createSecureContext } from 'node:tls'
import { Fault } from '../flow/fault.ts'
import type { Loaded } from './load.ts'
import type { Security } from '../tape/kafka/security.ts'
import { placesOf, type Places } from './places.ts'
import { Secret } from './secret.ts'
import { SETTINGS, type SettingName, type Settings } from './settings.ts'
import { readText } from './sources.ts'

/**
 * The security of a tape on Kafka, with all its files read once. Faults: `invalid` for settings that
 * contradict each other or lack a part, and for a file that does not hold what it should, by its name.
 */
export const kafkaSecurity = (loaded: Loaded): Security => ({
  tls: tlsOf(loaded),
  sasl: saslOf(loaded),
})

/** A password or a token would cross a network readable: no TLS, and a broker that is not this machine. */
export const sendsSecretInTheClear = (
  { tape }: Pick<Places, 'tape'>,
  settings: Settings,
): boolean =>
  tape.kind === 'kafka' &&
  !isEncrypted(settings) &&
  ['plain', 'oauthbearer'].includes(settings['kafka.sasl'] ?? '') &&
  tape.brokers.some(({ host }) => !isLoopback(host))

const LOOPBACK = new BlockList()
LOOPBACK.addSubnet('127.0.0.0', 8, 'ipv4')
LOOPBACK.addAddress('::1', 'ipv6')

function isLoopback(host: string): boolean {
  const version = isIP(host)
  if (version === 0) return /^localhost\.?$/.test(host)
  return LOOPBACK.check(host, version === 4 ? 'ipv4' : 'ipv6')
}

const TLS_FILES = ['kafka.tls_ca', 'kafka.tls_cert', 'kafka.tls_key'] as const

/** TLS is on: said so, or one of its files is named. */
export const isEncrypted = (settings: Settings): boolean =>
  settings['kafka.tls'] === null
    ? TLS_FILES.some((name) => settings[name] !== null)
    : settings['kafka.tls'] === 'on'

const invalid = (message: string, remedy: string, cause?: unknown): Fault =>
  new Fault('invalid', message, { remedy, cause })

function tlsOf(loaded: Loaded): Security['tls'] {
  const { settings } = loaded
  const named = TLS_FILES.find((name) => settings[name] !== null)
  if (!isEncrypted(settings)) {
    if (named === undefined) return null
    throw invalid(`kafka.tls is off, and ${named} is set`, 'Unset one of the two.')
  }
  const [ca, cert, key] = TLS_FILES.map((name) => pemFile(loaded, name))
  if ((cert === null) !== (key === null))
    throw invalid(
      `${cert === null ? 'kafka.tls_key' : 'kafka.tls_cert'} is set without the other`,
      'Set both kafka.tls_cert and kafka.tls_key, or none of them.',
    )
  if (ca) checkCertificates(ca)
  if (cert) checkCertificates(cert)
  if (cert && key) checkPair(cert, key)
  return { ca: ca?.text ?? null, cert: cert?.text ?? null, key: key?.text ?? null }
}

type PemFile = { readonly path: string; readonly text: string }

function pemFile({ settings, cwd }: Loaded, name: (typeof TLS_FILES)[number]): PemFile | null {
  const written = settings[name]
  if (written === null) return null
  const path = resolve(cwd, written)
  const text = readText(path)
  if (text === null) throw invalid(`${path}, the file of ${name}, is missing`, correct(name))
  return { path, text }
}

const correct = (name: SettingName): string => `Correct ${name} or ${SETTINGS[name].env}.`

const CERTIFICATE = /-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----/gs

/** TLS itself passes silently over authorities that it cannot read. */
function checkCertificates({ path, text }: PemFile): void {
  const remedy =
    'Name a file of certificates in PEM; export them from a JKS or PKCS#12 store first.'
  const blocks = text.match(CERTIFICATE)
  if (blocks === null) throw invalid(`${path} holds no certificate`, remedy)
  try {
    blocks.forEach((block) => new X509Certificate(block))
  } catch (cause) {
    throw invalid(`${path} holds a certificate that cannot be read`, remedy, cause)
  }
}

function checkPair(cert: PemFile, key: PemFile): void {
  try {
    createSecureContext({ cert: cert.text, key: key.text })
  } catch (cause) {
    throw invalid(
      `${key.path} holds no private key that belongs to ${cert.path}`,
      'Name the key in PEM, without a passphrase, that the certificate was made for.',
      cause,
    )
  }
}

function saslOf(loaded: Loaded): Security['sasl'] {
  const { settings } = loaded
  const { tape } = placesOf(loaded)
  const user = tape.kind === 'kafka' ? tape.user : null
  const mechanism = settings['kafka.sasl']
  const password = settings['kafka.password']
  if (mechanism === null) {
    if (user !== null) throw withoutMechanism(`the Kafka address names the user ${user}`)
    if (password !== null) throw withoutMechanism('a Kafka password is set')
    if (settings['kafka.token'] !== null || settings['kafka.token_file'] !== null)
      throw withoutMechanism('a Kafka token is set')
    return null
  }
  if (mechanism === 'oauthbearer') return { mechanism, token: tokenOf(loaded) }
  if (user === null)
    throw invalid(
      `kafka.sasl is ${mechanism}, and the Kafka address names no user`,
      'Write the user into the address: kafka://USER@HOST:9092/TOPIC.',
    )
  if (password === null)
    throw invalid(
      `kafka.sasl is ${mechanism}, and the Kafka user ${user} has no password`,
      'Set TICKLAKE_KAFKA_PASSWORD or TICKLAKE_KAFKA_PASSWORD_FILE.',
    )
  return { mechanism, user, password }
}

const withoutMechanism = (what: string): Fault =>
  invalid(
    `${what}, and kafka.sasl is not set`,
    `Set TICKLAKE_KAFKA_SASL to one of ${SETTINGS['kafka.sasl'].kind.values.join(', ')}; or leave out what only it needs.`,
  )

function tokenOf({ settings, cwd, secrets }: Loaded): () => Promise<Secret> {
  const given = settings['kafka.token']
  if (given !== null) return async () => given
  const file = settings['kafka.token_file']
  if (file === null)
    throw invalid(
      'kafka.sasl is oauthbearer, and there is no token',
      'Set TICKLAKE_KAFKA_TOKEN or TICKLAKE_KAFKA_TOKEN_FILE.',
    )
  const path = resolve(cwd, file)
  const read = (kind: 'invalid' | 'unavailable'): Secret => {
    const token = readText(path)?.trim() ?? ''
    if (token === '')
      throw new Fault(kind, `${path}, the file of the Kafka token, is missing or empty`, {
        remedy: 'Write the token into it: it is read again at each authentication.',
      })
    const secret = new Secret(token)
    secrets.set('kafka.token', secret) // what is logged from now on hides it
    return secret
  }
  read('invalid')
  return async () => read('unavailable')
}
