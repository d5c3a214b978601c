import type { Reach } from '../../../../src/serve/contract/common.ts'
import type { Column, SqlLine } from '../../../../src/serve/contract/sql.ts'
import { ApiFault } from '../../fault.ts'

export type Phase = 'idle' | 'running' | 'done' | 'failed' | 'cancelled'

export type Planned = Extract<SqlLine, { kind: 'head' }>['planned']

/** What is known of a run; its rows stand beside it. */
export type RunState = {
  readonly phase: Phase
  readonly sql: string
  readonly fault: ApiFault | null
  /** Rows so far. */
  readonly rows: number
  /** How long it took: as the server says when done, else as the page saw it; null: not ended. */
  readonly millis: number | null
  /** There are more rows than those that came. */
  readonly truncated: boolean
  /** null: not told yet. */
  readonly columns: readonly Column[] | null
  readonly reach: Reach | null
  /** Data files that had to be opened; null: not known. */
  readonly planned: Planned
  /** When it began, by performance.now(). */
  readonly begunMs: number
}

export const IDLE: RunState = {
  phase: 'idle',
  sql: '',
  fault: null,
  rows: 0,
  millis: null,
  truncated: false,
  columns: null,
  reach: null,
  planned: null,
  begunMs: 0,
}

export const begun = (sql: string, begunMs: number): RunState => ({
  ...IDLE,
  phase: 'running',
  sql,
  begunMs,
})

/** The state after a line of the answer. */
export function afterLine(state: RunState, line: SqlLine, nowMs: number): RunState {
  if (line.kind === 'head') {
    const { columns, planned, as_of, covers, degraded } = line
    return { ...state, columns, planned, reach: { as_of, covers, degraded } }
  }
  if (line.kind === 'rows') return { ...state, rows: state.rows + line.rows.length }
  if (line.kind === 'end')
    return { ...state, phase: 'done', millis: line.millis, truncated: line.truncated }
  const { position = null, ...error } = line.error
  return failed(state, new ApiFault({ ...error, position }), nowMs)
}

export const failed = (state: RunState, fault: ApiFault, nowMs: number): RunState => ({
  ...state,
  phase: 'failed',
  fault,
  millis: nowMs - state.begunMs,
})

export const cancelled = (state: RunState, nowMs: number): RunState => ({
  ...state,
  phase: 'cancelled',
  millis: nowMs - state.begunMs,
})

/** Lines that end before an `end` or an `error` were cut off on the way. */
export const afterAll = (state: RunState, nowMs: number): RunState =>
  state.phase === 'running' ? failed(state, brokenOff(), nowMs) : state

const brokenOff = (): ApiFault =>
  new ApiFault({
    kind: 'unavailable',
    message: 'The answer broke off before its end',
    remedy: 'What is shown is not the whole answer: run the statement again.',
  })
