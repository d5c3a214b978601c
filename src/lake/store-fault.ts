import { Fault } from '../flow/fault.ts'
import type { Key } from './store.ts'

type Reading = { readonly kind: 'invalid' | 'unavailable'; readonly remedy: string }

const READINGS: Readonly<Record<string, Reading>> = {
  ENOENT: { kind: 'invalid', remedy: 'The file is not there: check the address of the lake.' },
  ENOTDIR: { kind: 'invalid', remedy: 'A part of the path is a file: name a folder for the lake.' },
  EEXIST: { kind: 'invalid', remedy: 'A file stands where a folder of the lake should be.' },
  EISDIR: { kind: 'invalid', remedy: 'The path is a folder where a file should be.' },
  EACCES: { kind: 'invalid', remedy: 'Give the user that runs ticklake the right to it.' },
  EPERM: { kind: 'invalid', remedy: 'Give the user that runs ticklake the right to it.' },
  EROFS: { kind: 'invalid', remedy: 'The disk is mounted read-only: mount it for writing.' },
  ENOSPC: {
    kind: 'unavailable',
    remedy: 'The disk is full: free space. Nothing that was recorded is lost, and landing goes on.',
  },
  EDQUOT: {
    kind: 'unavailable',
    remedy: 'The quota is used up: free space. Nothing that was recorded is lost; landing goes on.',
  },
  EMFILE: { kind: 'unavailable', remedy: 'Too many open files: raise the limit (ulimit -n).' },
}
const OTHER: Reading = {
  kind: 'unavailable',
  remedy: 'The disk did not answer as it should: look at the system log.',
}

/** A filesystem's error as the fault that says what to do; a Fault stays as it is. */
export function storeFault(path: string, error: unknown): Fault {
  if (error instanceof Fault) return error
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  const { kind, remedy } = READINGS[code] ?? OTHER
  const what = error instanceof Error ? error.message : String(error)
  return new Fault(kind, `${path}: ${what}`, { remedy, cause: error })
}

/** A key names something below the root and nothing else: no empty, `.` or `..` part, no backslash, no NUL. */
export function checkKey(key: Key): Key {
  const parts = key.split('/')
  const bad = parts.some((part) => part === '' || part === '.' || part === '..')
  // oxlint reads control characters in a pattern as a mistake, so NUL is asked for by itself.
  if (!bad && !key.includes('\\') && !key.includes('\0')) return key
  throw new Fault('invalid', `${JSON.stringify(key)} is no key of a store`, {
    remedy: 'Keys are names joined by single slashes, without . and .. parts.',
  })
}
