import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { Fault } from '../src/flow/fault.ts'

/** Kills the processes it was told of when this process dies, in whichever way. */
export type Warden = {
  watch(pid: number): void
  forget(pid: number): void
  /** Ends the watch: what is still watched is killed, then the folder removed. */
  close(): Promise<void>
}

// A shell that reads the ids from its standard input. Its end comes when this process dies, even by
// SIGKILL.
const SCRIPT = `
trap '' HUP INT TERM
pids=
while read -r line; do pids=$line; done
for pid in $pids; do kill -9 "$pid"; done 2>/dev/null
[ -z "$1" ] || rm -rf "$1"
`

/** A warden that also removes a folder (null: none) once the processes are killed. */
export function openWarden(dir: string | null): Warden {
  const shell = spawn('sh', ['-c', SCRIPT, 'stack-warden', dir ?? ''], {
    stdio: ['pipe', 'ignore', 'ignore'],
  })
  const { stdin } = shell
  shell.unref()
  let broken: Error | null = null
  const fail = (error: Error) => (broken = error)
  shell.on('error', fail)
  stdin.on('error', fail)
  const pids = new Set<number>()
  const tell = () => {
    if (broken !== null)
      throw new Fault('unavailable', 'the shell that guards the servers died', {
        remedy: 'See that `sh` runs on this machine.',
        cause: broken,
      })
    stdin.write(`${[...pids].join(' ')}\n`)
  }
  return {
    watch: (pid) => {
      pids.add(pid)
      tell()
    },
    forget: (pid) => {
      pids.delete(pid)
      if (broken === null) tell()
    },
    close: async () => {
      if (shell.exitCode !== null || shell.signalCode !== null || broken !== null) return
      shell.ref()
      const exit = once(shell, 'exit')
      stdin.end()
      await exit
    },
  }
}
