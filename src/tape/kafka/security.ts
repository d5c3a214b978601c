import { isIP } from 'node:net'
import { REFUSED_TOKEN } from './faults.ts'
import type { ConnectionOptions } from './wire.ts'

/** A text that shows itself only when asked. */
export type Hidden = { reveal(): string }

/** How brokers are met: PEM texts, and one of Kafka's SASL mechanisms; null: without. */
export type Security = {
  readonly tls: {
    readonly ca: string | null
    readonly cert: string | null
    readonly key: string | null
  } | null
  readonly sasl:
    | {
        readonly mechanism: 'plain' | 'scram-sha-256' | 'scram-sha-512'
        readonly user: string
        readonly password: Hidden
      }
    /** The token is asked for at each authentication, so that it may be a short-lived one. */
    | { readonly mechanism: 'oauthbearer'; readonly token: () => Promise<Hidden> }
    | null
}

const WORDS_MAX = 200

export const OPEN: Security = { tls: null, sasl: null }

const MECHANISMS = {
  plain: 'PLAIN',
  'scram-sha-256': 'SCRAM-SHA-256',
  'scram-sha-512': 'SCRAM-SHA-512',
  oauthbearer: 'OAUTHBEARER',
} as const

/** The library's options for a connection to `host`. */
export function connectionSecurity({ tls, sasl }: Security, host: string): ConnectionOptions {
  return {
    ...(tls !== null && {
      tls: {
        ...(tls.ca !== null && { ca: tls.ca }),
        ...(tls.cert !== null && { cert: tls.cert }),
        ...(tls.key !== null && { key: tls.key }),
        ...(isIP(host) === 0 && { servername: host }),
      },
    }),
    ...(sasl !== null && { sasl: saslOptions(sasl) }),
  }
}

function saslOptions(sasl: NonNullable<Security['sasl']>): NonNullable<ConnectionOptions['sasl']> {
  const mechanism = MECHANISMS[sasl.mechanism]
  if (sasl.mechanism === 'oauthbearer')
    return {
      mechanism,
      token: async () => (await sasl.token()).reveal(),
      // A token that is refused is answered without an error, by words (RFC 7628, 3.2.2).
      authBytesValidator: (words, done) => {
        if (words.length === 0) return done(null, words)
        done(new Error(`${REFUSED_TOKEN}: ${words.toString().slice(0, WORDS_MAX)}`))
      },
    }
  return { mechanism, username: sasl.user, password: () => sasl.password.reveal() }
}
