import { assert, Fault } from '../../flow/fault.ts'
import type { Address, ClusterOptions, Lane } from './cluster.ts'
import { codeOf, isRefusedToken, kafkaFault } from './faults.ts'
import { misfit } from './misfit.ts'
import { connectionSecurity, type Security } from './security.ts'
import type { Connection, KafkaLibrary } from './wire.ts'

const CONNECT_MS = 5_000
/** Requests on their way on one connection; the idempotent producer may have no more than five. */
const INFLIGHT_MAX = 5

export type LaneParts = {
  readonly library: KafkaLibrary
  readonly options: ClusterOptions
  /** Brokers by their id, as they were last told. */
  readonly known: ReadonlyMap<number, Address>
  readonly requestMs: number
}

/** A lane; `onClosed` is told when it is disposed. */
export function laneOf(parts: LaneParts, onClosed: () => void): Lane {
  const open = new Map<number | 'any', Promise<Connection>>()
  let closed = false
  const connect = async (to: number | 'any'): Promise<Connection> => {
    const failures: unknown[] = []
    for (const address of addresses(parts, to)) {
      try {
        return await dial(parts, address)
      } catch (error) {
        failures.push(error)
      }
    }
    throw failures[0]
  }
  const connection = (to: number | 'any'): Promise<Connection> => {
    assert(!closed, 'a closed lane was asked for a connection')
    const before = open.get(to)
    const made = (async () => {
      const last = await before?.catch(() => undefined)
      if (last?.status === 'reauthenticating') await last.ready().catch(() => undefined)
      if (last?.isConnected() === true) return last
      if (last !== undefined) drop(last)
      return await connect(to)
    })()
    made.catch(() => undefined) // whoever asked meets it
    open.set(to, made) // at once: who asks meanwhile gets the same one
    return made
  }
  return {
    connection,
    ask: async (to, { api, args, what, right = null }) => {
      let address: Address | null = null
      try {
        const made = await connection(to)
        address = addressOf(made)
        const answer = await api.async(made, ...args)
        metBy(parts).add(textOf(address))
        return answer
      } catch (error) {
        const fault = kafkaFault(error, what, right)
        throw address === null ? fault : await explained(parts, address, fault)
      }
    },
    cut: (to) => {
      const cutting = open.get(to)
      open.delete(to)
      void cutting?.then(drop, () => undefined)
    },
    [Symbol.asyncDispose]: async () => {
      if (closed) return
      closed = true
      onClosed()
      await Promise.all([...open.values()].map((made) => made.then(drop, () => undefined)))
    },
  }
}

/** Where to try: a broker's own address, or every one that is known, the named ones first. */
function addresses({ options, known }: LaneParts, to: number | 'any'): readonly Address[] {
  if (to === 'any') {
    const start = options.random.integer(options.brokers.length)
    const named = [...options.brokers.slice(start), ...options.brokers.slice(0, start)]
    return [...named, ...known.values()]
  }
  const address = known.get(to)
  if (address !== undefined) return [address]
  throw new Fault('unavailable', `broker ${to} is not known yet`, {
    remedy: 'It is asked for again.',
  })
}

async function dial(parts: LaneParts, to: Address): Promise<Connection> {
  const { library, options, requestMs } = parts
  const connection = new library.Connection('ticklake', {
    connectTimeout: CONNECT_MS,
    requestTimeout: requestMs,
    maxInflights: INFLIGHT_MAX,
    ...connectionSecurity(options.security, to.host),
  })
  connection.on('error', () => undefined) // whoever has a request on its way meets it
  try {
    await connection.connect(to.host, to.port)
  } catch (error) {
    const fault = kafkaFault(error, `reach the broker ${textOf(to)}`)
    throw await explained(parts, to, fault)
  }
  return connection
}

/** A broker that does not read would hold up a polite end; closing takes back the next login that is planned. */
function drop(connection: Connection): void {
  connection.close().catch(() => undefined)
  connection.socket.destroy()
}

const textOf = ({ host, port }: Address): string => `${host}:${port}`
const addressOf = ({ host = '', port = 0 }: Connection): Address => ({ host, port })

/** The addresses that have answered under these settings, which fit them, so far in this process. */
const met = new WeakMap<Security, Set<string>>()
function metBy({ options: { security } }: LaneParts): Set<string> {
  const known = met.get(security) ?? new Set<string>()
  met.set(security, known)
  return known
}

/**
 * Settings that will never fit must not be tried again and again: of a broker that never answered, a hang-up is
 * looked into. A token that was taken before is another matter: it has run out, and is renewed by others.
 */
async function explained(parts: LaneParts, address: Address, fault: Fault): Promise<Fault> {
  const { library, options } = parts
  const met = metBy(parts)
  if (isRefusedToken(fault) && met.size > 0)
    return new Fault('unavailable', fault.message, { remedy: fault.remedy, cause: fault })
  if (codeOf(fault) !== null) met.add(textOf(address))
  if (met.has(textOf(address)) || !HUNG_UP.test(fault.message)) return fault
  return (await misfit({ library, security: options.security }, address)) ?? fault
}

const HUNG_UP = /closed|disconnected|ECONNRESET|EPIPE|requires TLS/i
