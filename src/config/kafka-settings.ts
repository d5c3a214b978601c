import { KAFKA_NAME } from './kafka-address.ts'
import { text, type Setting } from './setting.ts'

/** What the address of a tape on Kafka leaves open: encryption, authentication, compression. */
export const KAFKA_SETTINGS = {
  'kafka.tls': {
    kind: { type: 'choice', values: ['off', 'on'] },
    default: null,
    fallback: 'off; on when kafka.tls_ca or kafka.tls_cert is set',
    env: 'TICKLAKE_KAFKA_TLS',
    doc: 'Whether the connections to Kafka are encrypted',
    commands: [],
  },
  'kafka.tls_ca': {
    kind: text('FILE'),
    default: null,
    fallback: 'the authorities that Node trusts',
    env: 'TICKLAKE_KAFKA_TLS_CA',
    doc: 'The certificates (PEM) of the authority that signed those of the brokers, where it is your own',
    commands: [],
  },
  'kafka.tls_cert': {
    kind: text('FILE'),
    default: null,
    env: 'TICKLAKE_KAFKA_TLS_CERT',
    doc: 'The certificate (PEM) that this client shows the brokers, with kafka.tls_key',
    commands: [],
  },
  'kafka.tls_key': {
    kind: text('FILE'),
    default: null,
    env: 'TICKLAKE_KAFKA_TLS_KEY',
    doc: 'The private key (PEM) of that certificate, without a passphrase',
    commands: [],
  },
  'kafka.sasl': {
    kind: { type: 'choice', values: ['plain', 'scram-sha-256', 'scram-sha-512', 'oauthbearer'] },
    default: null,
    fallback: 'none: the brokers are not told who connects',
    env: 'TICKLAKE_KAFKA_SASL',
    doc: 'How the user of the address, or the bearer of a token, is proved to Kafka',
    commands: [],
  },
  'kafka.password': {
    kind: { type: 'secret' },
    default: null,
    env: 'TICKLAKE_KAFKA_PASSWORD',
    doc: 'The password of the user of the address; never a flag, never printed',
    commands: [],
  },
  'kafka.password_file': {
    kind: text('FILE'),
    default: null,
    env: 'TICKLAKE_KAFKA_PASSWORD_FILE',
    doc: 'A file that holds the password',
    commands: [],
  },
  'kafka.token': {
    kind: { type: 'secret' },
    default: null,
    env: 'TICKLAKE_KAFKA_TOKEN',
    doc: 'The token of oauthbearer; never a flag, never printed',
    commands: [],
  },
  'kafka.token_file': {
    kind: text('FILE'),
    default: null,
    env: 'TICKLAKE_KAFKA_TOKEN_FILE',
    doc: 'A file that holds the token; it is read again at each authentication, so that a rotated token works',
    commands: [],
  },
  'kafka.compression': {
    kind: { type: 'choice', values: ['none', 'lz4', 'zstd'], metavar: 'CODEC' },
    default: 'zstd',
    env: 'TICKLAKE_KAFKA_COMPRESSION',
    doc: 'How the batches of records are compressed',
    commands: ['up', 'record'],
  },
  'kafka.instance': {
    kind: { ...text('NAME'), form: KAFKA_NAME },
    default: null,
    fallback: 'none: a restart moves partitions',
    env: 'TICKLAKE_KAFKA_INSTANCE',
    doc: 'A name that only this lander has in its group: a restart within the session keeps its partitions',
    commands: ['up', 'land'],
  },
} as const satisfies Readonly<Record<string, Setting>>
