import { HOST } from '../ports.ts'
import type { Properties } from '../properties.ts'
import { certificatesIn, makeCertificates } from './certificates.ts'
import type { BrokerPlan, Listener } from './properties.ts'

/** The listeners that ask who is there: addresses as in `bootstrap`, and what they accept. */
export type SecureListeners = {
  /** TLS, no authentication. */
  readonly ssl: string
  /** TLS, and the client shows a certificate too. */
  readonly mtls: string
  /** TLS, SASL PLAIN. */
  readonly plain: string
  /** No TLS, SASL SCRAM-SHA-256 and SCRAM-SHA-512. */
  readonly scram: string
  /** No TLS, SASL OAUTHBEARER with an `unsignedToken`. */
  readonly oauth: string
  /** PEM, of the authority that signed the certificate for 127.0.0.1 and localhost. */
  readonly caFile: string
  /** PEM, of a client, signed by the same. */
  readonly clientCertFile: string
  readonly clientKeyFile: string
  /** Who may come by PLAIN and by SCRAM. */
  readonly user: string
  readonly password: string
}

const USER = 'alice'
const PASSWORD = 'alice-secret'
const SCRAM = ['SCRAM-SHA-256', 'SCRAM-SHA-512'] as const
const SECURE = {
  ssl: 'SSL',
  mtls: 'SSL',
  plain: 'SASL_SSL',
  scram: 'SASL_PLAINTEXT',
  oauth: 'SASL_PLAINTEXT',
} as const satisfies Readonly<Record<string, Listener['protocol']>>
type Secure = keyof typeof SECURE
const NAMES = Object.keys(SECURE) as Secure[]
const listenerName = (name: Secure) => `STACK_${name.toUpperCase()}`

/** How many more ports a broker needs for them. */
export const SECURE_LISTENERS = NAMES.length

/** The credentials in the words of `kafka-storage format --add-scram`. */
export const SCRAM_CREDENTIALS = SCRAM.map(
  (mechanism) => `${mechanism}=[name=${USER},password=${PASSWORD}]`,
)

/** The secured listeners of one broker; `nextPort` gives a free one each time. */
export const secureListeners = (nextPort: () => number): Listener[] =>
  NAMES.map((name) => {
    const port = nextPort()
    return { name: listenerName(name), protocol: SECURE[name], port, advertisedPort: port }
  })

/** Makes the certificates in the folder; the settings that let the listeners use them. */
export async function prepareSecurity(dir: string): Promise<Properties> {
  const { caFile, serverKeystore } = await makeCertificates(dir)
  const on = (name: Secure, setting: string, value: string) => ({
    [`listener.name.${listenerName(name).toLowerCase()}.${setting}`]: value,
  })
  const login = (name: Secure, mechanism: string, module: string) =>
    on(
      name,
      `${mechanism.toLowerCase()}.sasl.jaas.config`,
      `org.apache.kafka.common.security.${module};`,
    )
  const oauth = 'oauthbearer.OAuthBearerLoginModule required unsecuredLoginStringClaim_sub="broker"'
  return {
    'ssl.keystore.type': 'PEM',
    'ssl.keystore.location': serverKeystore,
    'ssl.truststore.type': 'PEM',
    'ssl.truststore.location': caFile,
    ...on('mtls', 'ssl.client.auth', 'required'),
    ...on('plain', 'sasl.enabled.mechanisms', 'PLAIN'),
    ...login('plain', 'PLAIN', `plain.PlainLoginModule required user_${USER}="${PASSWORD}"`),
    ...on('scram', 'sasl.enabled.mechanisms', SCRAM.join(',')),
    ...login('scram', SCRAM[0], 'scram.ScramLoginModule required'),
    ...login('scram', SCRAM[1], 'scram.ScramLoginModule required'),
    ...on('oauth', 'sasl.enabled.mechanisms', 'OAUTHBEARER'),
    ...login('oauth', 'OAUTHBEARER', oauth),
  }
}

/** What clients are told. */
export function toldListeners(brokers: readonly BrokerPlan[], dir: string): SecureListeners {
  const address = (wanted: Secure) =>
    brokers
      .flatMap(({ listeners }) => listeners.filter(({ name }) => name === listenerName(wanted)))
      .map(({ port }) => `${HOST}:${port}`)
      .join(',')
  const { caFile, clientCertFile, clientKeyFile } = certificatesIn(dir)
  return {
    ssl: address('ssl'),
    mtls: address('mtls'),
    plain: address('plain'),
    scram: address('scram'),
    oauth: address('oauth'),
    caFile,
    clientCertFile,
    clientKeyFile,
    user: USER,
    password: PASSWORD,
  }
}

/**
 * A token (JWT, alg none) for the oauth listener, valid for so many seconds from now; below 0 it
 * has expired.
 */
export function unsignedToken(subject: string, lifeSeconds: number): string {
  const part = (claims: object) => Buffer.from(JSON.stringify(claims)).toString('base64url')
  const exp = Math.floor(Date.now() / 1000) + lifeSeconds
  const iat = exp - Math.abs(lifeSeconds)
  return `${part({ alg: 'none' })}.${part({ sub: subject, iat, exp })}.`
}
