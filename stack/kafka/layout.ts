import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { HOST, freePorts } from '../ports.ts'
import { cuttingProxy, type CuttingProxy } from '../proxy.ts'
import type { BrokerPlan, Listener } from './properties.ts'
import { SECURE_LISTENERS, secureListeners } from './security.ts'

/** Where everything of a cluster lies and listens. */
export type Layout = {
  readonly brokers: readonly (BrokerPlan & { readonly proxy: CuttingProxy | null })[]
  readonly zookeeperPort: number
}

export type LayoutOptions = {
  readonly dir: string
  readonly count: number
  /** The ports that clients are to be told; none: free ones. */
  readonly wanted: readonly number[]
  readonly proxied: boolean
  readonly security: boolean
}

const PORTS_A_BROKER = 3 // for clients, for brokers, of the controller

/** Makes the folders, chooses the ports and opens the proxies, which `held` closes. */
export async function layOut(
  { dir, count, wanted, proxied, security }: LayoutOptions,
  held: AsyncDisposableStack,
): Promise<Layout> {
  const each = PORTS_A_BROKER + (security ? SECURE_LISTENERS : 0)
  const ports = (await freePorts(each * count + 1, wanted)).values()
  const nextPort = () => ports.next().value ?? 0
  const brokers: Layout['brokers'][number][] = []
  for (let id = 1; id <= count; id++) {
    const told = wanted[id - 1]
    const port = proxied ? nextPort() : (told ?? nextPort())
    const proxy = proxied ? held.use(await proxyBefore(port, told)) : null
    const advertisedPort = proxy?.port ?? port
    const plaintext: Listener = { name: 'PLAINTEXT', protocol: 'PLAINTEXT', port, advertisedPort }
    const place = join(dir, `broker-${id}`)
    await mkdir(place, { recursive: true })
    brokers.push({
      id,
      dir: place,
      listeners: [plaintext, ...(security ? secureListeners(nextPort) : [])],
      internalPort: nextPort(),
      controllerPort: nextPort(),
      proxy,
    })
  }
  return { brokers, zookeeperPort: nextPort() }
}

const proxyBefore = (port: number, told: number | undefined): Promise<CuttingProxy> =>
  cuttingProxy({
    target: { host: HOST, port },
    cutEveryMs: null,
    ...(told === undefined ? {} : { port: told }),
  })
