import { readdir, rm } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'

const host = (): string => hostname().replaceAll(/[^A-Za-z0-9.]/g, '_')

/** How the name of what this process keeps in a folder that others use too begins: `<what>-<host>-<pid>-`. */
export const ownPrefix = (what: string): string => `${what}-${host()}-${process.pid}-`

/** Removes what is named so below `folder` and belongs to processes of this host that are gone. */
export async function removeLeftovers(folder: string, what: string): Promise<void> {
  const prefix = `${what}-${host()}-`
  const names = await readdir(folder).catch(() => []) // not made yet: nothing was left
  for (const name of names) {
    const pid = name.startsWith(prefix) ? Number(/^(\d+)-/.exec(name.slice(prefix.length))?.[1]) : 0
    if (pid > 0 && !isRunning(pid)) await rm(join(folder, name), { recursive: true, force: true })
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH' // not ours to signal, but there
  }
}
