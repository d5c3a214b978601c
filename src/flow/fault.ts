/** What an error tells the caller to do; retry policy reads this, never a message or a status. */
export const FAULT_KINDS = [
  'invalid', // fix the settings or the call
  'unavailable', // wait and retry, jittered and bounded
  'conflict', // end the turn; the next one asks the lake
  'corrupt', // stop, keep the bytes
  'closed', // finish quietly
  'bug', // crash, report
] as const
export type FaultKind = (typeof FAULT_KINDS)[number]

/** The one error class: a kind that is an instruction, and a remedy in words for the person who reads it. */
export class Fault extends Error {
  readonly kind: FaultKind
  readonly remedy: string
  /** Of a statement: where it is wrong, in UTF-16 units from its start; null: that is not known. */
  readonly position: number | null
  constructor(
    kind: FaultKind,
    message: string,
    { remedy, cause, position }: { remedy: string; cause?: unknown; position?: number | null },
  ) {
    super(message, cause === undefined ? undefined : { cause })
    this.name = 'Fault'
    this.kind = kind
    this.remedy = remedy
    this.position = position ?? null
  }
}

export const isFault = (error: unknown, kind?: FaultKind): error is Fault =>
  error instanceof Fault && (kind === undefined || error.kind === kind)

/** Throws a `bug` unless `condition` holds. */
export function assert(condition: boolean, message: string): asserts condition {
  if (!condition)
    throw new Fault('bug', message, { remedy: 'Report this with the message and the stack.' })
}

/** For the end of an exhaustive switch over a closed union. */
export const unreachable = (value: never): never => {
  throw new Fault('bug', `unexpected value ${String(value)}`, {
    remedy: 'Report this with the stack.',
  })
}
