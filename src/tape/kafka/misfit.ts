import { connect as connectTls } from 'node:tls'
import { Fault } from '../../flow/fault.ts'
import type { Address } from './cluster.ts'
import { mechanismsIn } from './faults.ts'
import { connectionSecurity, type Security } from './security.ts'
import type { KafkaLibrary } from './wire.ts'

/** How long a broker may take to show what it speaks. */
const PROBE_MS = 2_000
/** How long after the handshake of TLS a broker may take to say that it wants another certificate. */
const ALERT_MS = 500

/** What hung up, and on whom. */
export type Refused = { readonly library: KafkaLibrary; readonly security: Security }

/**
 * Why a broker that is there hangs up on these settings, found out by greeting it with others: it closes the
 * connection without a word both for a setting that will never fit and when it goes down. Null: the latter.
 */
export async function misfit(
  { library, security }: Refused,
  { host, port }: Address,
): Promise<Fault | null> {
  const { tls, sasl } = security
  const broker = `the broker ${host}:${port}`
  const fault = (says: string, remedy: string) =>
    new Fault('invalid', `${broker} ${says}`, { remedy })
  const greet = (tls: Security['tls']) => offeredBy({ library, security: { tls, sasl: null } })
  if (tls === null && (await speaksTls({ host, port })))
    return fault('speaks TLS', 'Set TICKLAKE_KAFKA_TLS=on.')
  if (tls !== null) {
    if (await wantsCertificate(security, { host, port }))
      return fault(
        tls.cert === null ? 'asks for a client certificate' : 'refuses the client certificate',
        'Name one that it accepts by TICKLAKE_KAFKA_TLS_CERT and TICKLAKE_KAFKA_TLS_KEY.',
      )
    if ((await greet(null)({ host, port })) !== null)
      return fault(
        'answers without TLS',
        'Set TICKLAKE_KAFKA_TLS=off, or name a port of the brokers with TLS.',
      )
  }
  const offered = sasl === null ? await greet(tls)({ host, port }) : null
  if (offered === null || offered.length === 0) return null
  return fault(
    `asks for a login, by ${offered.join(', ')}`,
    'Set TICKLAKE_KAFKA_SASL to one of these, and who logs in; or name a port without a login.',
  )
}

/** The SASL mechanisms of a broker, none where it asks for no login; null: it does not answer. */
const offeredBy =
  ({ library, security }: Refused) =>
  async ({ host, port }: Address): Promise<readonly string[] | null> => {
    const connection = new library.Connection('ticklake', {
      connectTimeout: PROBE_MS,
      requestTimeout: PROBE_MS,
      ...connectionSecurity(security, host),
    })
    connection.on('error', () => undefined)
    try {
      await connection.connect(host, port)
      const { mechanisms } = await library.saslHandshakeV1.api.async(connection, 'PLAIN')
      return mechanisms.toSorted()
    } catch (error) {
      return mechanismsIn(error)
    } finally {
      connection.socket?.destroy()
    }
  }

const speaksTls = ({ host, port }: Address): Promise<boolean> =>
  new Promise((resolve) => {
    // Whoever it is: no secret is told, only that it speaks TLS.
    const socket = connectTls({ host, port, rejectUnauthorized: false, timeout: PROBE_MS })
    const answer = (speaks: boolean) => () => (socket.destroy(), resolve(speaks))
    socket.once('secureConnect', answer(true))
    socket.once('timeout', answer(false))
    socket.once('close', answer(false))
    socket.on('error', answer(false))
  })

/** The handshake of TLS 1.3 ends before the broker has looked at the client's certificate. */
const wantsCertificate = (security: Security, { host, port }: Address): Promise<boolean> =>
  new Promise((resolve) => {
    const { tls } = connectionSecurity(security, host)
    const socket = connectTls({ ...tls, host, port, timeout: PROBE_MS })
    const answer = (wants: boolean) => (socket.destroy(), resolve(wants))
    socket.once('secureConnect', () => socket.setTimeout(ALERT_MS))
    socket.once('timeout', () => answer(false))
    socket.once('close', () => answer(false))
    socket.on('error', ({ code }: NodeJS.ErrnoException) =>
      answer(/ALERT_.*(CERTIFICATE|HANDSHAKE_FAILURE|UNKNOWN_CA)/.test(code ?? '')),
    )
    socket.resume() // an alert is met by reading
  })
