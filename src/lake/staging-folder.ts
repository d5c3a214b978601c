import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'

/**
 * A folder below `parent` for the files of this process on their way, `lander-<host>-<pid>-…`; whoever takes it
 * removes it. Those of processes of this host that are gone are removed now: several may land into one lake.
 */
export async function stagingFolder(
  parent: string,
  isAlive: (pid: number) => boolean = isRunning,
): Promise<string> {
  const prefix = `lander-${hostname().replaceAll(/[^A-Za-z0-9.]/g, '_')}-`
  for (const name of await readdir(parent)) {
    const pid = name.startsWith(prefix) ? Number(/^\d+/.exec(name.slice(prefix.length))?.[0]) : 0
    if (pid > 0 && !isAlive(pid)) await rm(join(parent, name), { recursive: true, force: true })
  }
  return mkdtemp(join(parent, `${prefix}${process.pid}-`))
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH' // not ours to signal, but there
  }
}
