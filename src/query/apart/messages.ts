import { Fault, type FaultKind } from '../../flow/fault.ts'
import type { Answer, AsOf, Limits, ResultColumn, Value } from '../query.ts'

/** What is asked of a query in another process; `id` says which statement is meant. */
export type Asked =
  | { readonly kind: 'run'; readonly id: number; readonly sql: string; readonly limits: Limits }
  | { readonly kind: 'check'; readonly id: number; readonly sql: string }
  /** The next batch of an answer. */
  | { readonly kind: 'next'; readonly id: number }
  /** Nothing more of that statement: it is cancelled if it still runs. */
  | { readonly kind: 'leave'; readonly id: number }

/** What it tells: once that it is there or why not, then one answer to each question but `leave`. */
export type Told =
  | { readonly kind: 'open'; readonly covers: AsOf['covers'] }
  | { readonly kind: 'not open'; readonly fault: PlainFault }
  /** It takes more memory than it may, and ends itself. */
  | { readonly kind: 'over memory'; readonly bytesMax: number }
  | ({ readonly kind: 'answer'; readonly id: number } & Pick<
      Answer,
      'asOf' | 'columns' | 'planned'
    >)
  | { readonly kind: 'columns'; readonly id: number; readonly columns: readonly ResultColumn[] }
  | { readonly kind: 'rows'; readonly id: number; readonly rows: readonly (readonly Value[])[] }
  | { readonly kind: 'end'; readonly id: number; readonly truncated: boolean }
  | { readonly kind: 'fault'; readonly id: number; readonly fault: PlainFault }

export type PlainFault = {
  readonly kind: FaultKind
  readonly message: string
  readonly remedy: string
  readonly position: number | null
}

export const plainFault = ({ kind, message, remedy, position }: Fault): PlainFault => ({
  kind,
  message,
  remedy,
  position,
})

export const faultAgain = ({ kind, message, ...how }: PlainFault): Fault =>
  new Fault(kind, message, how)
