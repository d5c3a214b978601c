import { isFault } from '../flow/fault.ts'

/** Faults of the settings, whatever the command. */
const ofSettings = new WeakSet<object>()

/** The process's exit codes, as documented; see `ticklake help`. */
export const EXIT = {
  ok: 0,
  /** It ran and the answer is bad, or it failed at run time. */
  failed: 1,
  usage: 2,
  /** Invalid settings (EX_CONFIG of sysexits.h). */
  settings: 78,
  /** Stopped by a signal before the drain was done: 128 and the signal's number. */
  interrupted: 130,
  terminated: 143,
} as const

export const signalExit = (signal: unknown): number =>
  signal === 'SIGTERM' ? EXIT.terminated : EXIT.interrupted

/** What an error means to the caller: `invalid` is `invalidExit`, all else is a failure at run time. */
export function errorExit(error: unknown, invalidExit: number): number {
  if (!isFault(error, 'invalid')) return EXIT.failed
  return ofSettings.has(error) ? EXIT.settings : invalidExit
}

/** Does what the settings decide: an `invalid` fault of it is theirs, and ends the command with 78. */
export async function bySettings<T>(act: () => T | Promise<T>): Promise<T> {
  try {
    return await act()
  } catch (error) {
    if (isFault(error)) ofSettings.add(error)
    throw error
  }
}

/** An error as `--json` prints it on stderr. */
export function errorJson(error: unknown): string {
  const { kind, message, remedy } = shown(error)
  return JSON.stringify({ error: { kind, message, remedy } })
}

/** An error as a person reads it: what is wrong, then what to do. A stack only where it is our mistake. */
export function errorText(error: unknown): string {
  const { kind, message, remedy, stack } = shown(error)
  const mistake = kind === 'bug' && stack !== null ? `\n${stack}` : ''
  return `ticklake: ${message}\n  ${remedy}${mistake}\n`
}

function shown(error: unknown): {
  kind: string
  message: string
  remedy: string
  stack: string | null
} {
  if (isFault(error)) {
    const { kind, message, remedy, stack = null } = error
    return { kind, message, remedy, stack }
  }
  const known = error instanceof Error ? systemError(error) : null
  if (known !== null) return { ...known, stack: null }
  return {
    kind: 'bug',
    message: error instanceof Error ? error.message : String(error),
    remedy: 'This is a defect of ticklake: please report it with what follows.',
    stack: error instanceof Error ? (error.stack ?? null) : null,
  }
}

/** What the operating system refuses is no defect of ours. */
function systemError(error: Error): { kind: string; message: string; remedy: string } | null {
  const { code } = error as NodeJS.ErrnoException
  const remedies: Readonly<Record<string, string>> = {
    EACCES: 'Give this user the right to it, or choose another --data.',
    EPERM: 'Give this user the right to it, or choose another --data.',
    EROFS: 'The disk is read-only: choose another --data.',
    ENOSPC: 'The disk is full: make room, then start again. Nothing that was recorded is lost.',
    EDQUOT: 'The quota is used up: make room, then start again.',
    EMFILE: 'Too many open files: raise the limit (ulimit -n).',
    EADDRINUSE: 'Another program has this port: choose another --port, or 0 for any.',
    ENOTDIR: 'A file stands where a folder is needed: choose another --data.',
    EISDIR: 'A folder stands where a file is needed.',
    ENOENT: 'Check the path.',
  }
  const remedy = remedies[code ?? '']
  return remedy === undefined ? null : { kind: 'unavailable', message: error.message, remedy }
}
