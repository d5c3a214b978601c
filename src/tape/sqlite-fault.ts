import { Fault, type FaultKind } from '../flow/fault.ts'

/** SQLite's primary result codes (https://sqlite.org/rescode.html) that a tape can meet, and what each asks for. */
const BUSY = 5
const LOCKED = 6
const READONLY = 8
const IOERR = 10
const CORRUPT = 11
const FULL = 13
const CANTOPEN = 14
const NOTADB = 26
/** An extended code: the file is shorter than it says, so it was cut, not merely hard to read. */
const IOERR_SHORT_READ = 522

export const CORRUPT_REMEDY =
  'Stop here and keep the file. Copy it away, restore it from a backup, or start a new tape in another folder; what was landed before is safe in the lake.'

type Meaning = { readonly kind: FaultKind; readonly what: string; readonly remedy: string }

const MEANINGS: ReadonlyMap<number, Meaning> = new Map([
  [
    BUSY,
    {
      kind: 'unavailable',
      what: 'is locked by another process',
      remedy:
        'Try again; if it stays, look for a program that holds the file open in a transaction.',
    },
  ],
  [LOCKED, { kind: 'unavailable', what: 'is locked', remedy: 'Try again.' }],
  [
    READONLY,
    {
      kind: 'invalid',
      what: 'cannot be written',
      remedy: 'Give this user the right to write the file and its folder.',
    },
  ],
  [
    IOERR,
    {
      kind: 'unavailable',
      what: 'could not be read or written by the disk',
      remedy:
        'Look at the disk and its free space (df, dmesg); it goes on by itself when the disk answers.',
    },
  ],
  [CORRUPT, { kind: 'corrupt', what: 'is damaged', remedy: CORRUPT_REMEDY }],
  [IOERR_SHORT_READ, { kind: 'corrupt', what: 'is cut short', remedy: CORRUPT_REMEDY }],
  [
    FULL,
    {
      kind: 'unavailable',
      what: 'does not fit: the disk is full',
      remedy:
        'Free space on the disk; recording goes on by itself, and what was missed in between is a gap.',
    },
  ],
  [
    CANTOPEN,
    {
      kind: 'unavailable',
      what: 'cannot be opened',
      remedy: 'Check that the folder exists and that this user may read and write it.',
    },
  ],
  [
    NOTADB,
    {
      kind: 'invalid',
      what: 'is not an SQLite file',
      remedy: 'Name another folder for the tape, or move that file away.',
    },
  ],
])

/** SQLite's extended result code of an error that node:sqlite threw; null: it is another kind of error. */
export function sqliteCode(error: unknown): number | null {
  if (!(error instanceof Error) || !('errcode' in error)) return null
  return typeof error.errcode === 'number' ? error.errcode : null
}

/** True for errors that mean: another connection is in the way, ask again. */
export const isBusy = (error: unknown): boolean => {
  const code = sqliteCode(error)
  return code !== null && ((code & 0xff) === BUSY || (code & 0xff) === LOCKED)
}

/** True for errors that mean: these bytes of the file are not what SQLite wrote. */
export const isDamage = (error: unknown): boolean => {
  const code = sqliteCode(error)
  return code === IOERR_SHORT_READ || (code !== null && (code & 0xff) === CORRUPT)
}

/** What node:sqlite threw, as a Fault that names `path`; Faults and other errors come back as they are. */
export function sqliteFault(error: unknown, path: string): unknown {
  const code = sqliteCode(error)
  if (code === null || error instanceof Fault) return error
  const meaning = MEANINGS.get(code) ?? MEANINGS.get(code & 0xff)
  const text = error instanceof Error ? error.message : ''
  if (meaning === undefined)
    return new Fault('bug', `${path}: SQLite error ${code}: ${text}`, {
      remedy: 'Report this with the message and the stack.',
      cause: error,
    })
  const { kind, what, remedy } = meaning
  return new Fault(kind, `${path} ${what} (SQLite ${code}: ${text})`, { remedy, cause: error })
}

/** Calls `act`; what SQLite throws comes out as a Fault that names `path`. */
export function translated<T>(path: string, act: () => T): T {
  try {
    return act()
  } catch (error) {
    throw sqliteFault(error, path)
  }
}
