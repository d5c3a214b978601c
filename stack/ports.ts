import { randomInt } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { Fault } from '../src/flow/fault.ts'

export const HOST = '127.0.0.1'

// Below the range from which systems take the local ports of connections (32768 on Linux): else,
// while a broker is down, a client that dials its port may be given that very port, and speaks with
// itself.
const PORT_FIRST = 20_000
const PORT_NEXT = 32_000
const PORT_MAX = 65_535
const TRIES_MAX = 1_000

/** Whether nothing listens on the port of 127.0.0.1. */
export async function isFree(port: number): Promise<boolean> {
  const server = createServer()
  try {
    server.listen(port, HOST)
    await once(server, 'listening')
    return true
  } catch {
    return false
  } finally {
    server.close()
  }
}

/** So many ports that are free now, all different, and none of `taken`. */
export async function freePorts(count: number, taken: readonly number[]): Promise<number[]> {
  const ports: number[] = []
  for (let tries = 0; ports.length < count; tries++) {
    if (tries === TRIES_MAX)
      throw new Fault('unavailable', `no free port between ${PORT_FIRST} and ${PORT_NEXT}`, {
        remedy: 'Stop some of the servers on this machine.',
      })
    const port = randomInt(PORT_FIRST, PORT_NEXT)
    if (taken.includes(port) || ports.includes(port)) continue
    if (await isFree(port)) ports.push(port)
  }
  return ports
}

/** Faults: `invalid` when something listens on one of the ports. */
export async function refuseTaken(ports: readonly number[]): Promise<void> {
  for (const port of ports)
    if (!(await isFree(port)))
      throw new Fault('invalid', `port ${port} of ${HOST} is in use by another process`, {
        remedy: 'Name another port, or none: a free one is then taken.',
      })
}

/** So many ports that follow each other. Faults: `invalid` when they are no ports. */
export function portsFrom(first: number, count: number): number[] {
  if (!Number.isInteger(first) || first < 1 || first + count - 1 > PORT_MAX)
    throw new Fault('invalid', `no port ${first}`, { remedy: `Name one from 1 to ${PORT_MAX}.` })
  return Array.from({ length: count }, (_, index) => first + index)
}
