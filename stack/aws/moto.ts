import { join, resolve } from 'node:path'
import { HOST, freePorts } from '../ports.ts'
import { pythonWith } from '../python.ts'
import { awaitReady, startServer, type ServerProcess } from '../server.ts'
import type { Warden } from '../warden.ts'

export type Moto = { readonly url: string; readonly log: string; readonly process: ServerProcess }

/** The Python that has moto, brought by pip the first time. Faults: those of `pythonWith`. */
export const motoPython = (): Promise<string> => pythonWith('moto', REQUIREMENTS)

const REQUIREMENTS = resolve(import.meta.dirname, 'requirements.txt')

/**
 * Starts moto, which holds all in memory, and resolves when it answers. Faults: `invalid` without a
 * Python, `unavailable` with the end of its log.
 */
export async function startMoto(dir: string, warden: Warden): Promise<Moto> {
  const python = await motoPython()
  const [port = 0] = await freePorts(1, [])
  const url = `http://${HOST}:${port}`
  const log = join(dir, 'moto.log')
  const args = ['-m', 'moto.server', '-H', HOST, '-p', String(port)]
  const process = await startServer({ program: python, args }, { log, warden })
  const look = async () => (await fetch(`${url}/moto-api/data.json`)).ok
  await awaitReady(process, { name: 'moto', log, look })
  return { url, log, process }
}
