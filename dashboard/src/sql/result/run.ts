import { signal, type ReadonlySignal } from '@preact/signals'
import type { SqlLine } from '../../../../src/serve/contract/sql.ts'
import { ApiFault, askLines } from '../../api.ts'
import { unreadable } from '../../fault.ts'
import { afterAll, afterLine, begun, cancelled, failed, IDLE, type RunState } from './reading.ts'
import { createRows, NO_ROWS, type Row, type Rows } from './rows.ts'

export type { RunState } from './reading.ts'

/** As many as the server gives to a page, and as a grid is still read; an export has all. */
export const ROWS_MAX = 100_000

/** One statement at a time, its state and its rows. */
export type Run = {
  /** Changes at most once a frame while rows come. */
  readonly state: ReadonlySignal<RunState>
  /** The rows that came up to now, perhaps a few more than the state tells. */
  readonly rows: () => Rows
  /** Runs a statement; one that still runs is left. */
  start(sql: string): void
  /** Leaves the statement that runs, and keeps what came of it. */
  cancel(): void
}

export function createRun(): Run {
  const state = signal<RunState>(IDLE)
  let rows: Rows = NO_ROWS
  let running: AbortController | null = null
  const cancel = () => {
    if (running === null) return
    running.abort()
    running = null
    state.value = { ...cancelled(state.peek(), performance.now()), rows: rows.length }
  }
  const start = (sql: string) => {
    running?.abort()
    const mine = new AbortController()
    const taken = createRows()
    running = mine
    rows = taken
    state.value = begun(sql, performance.now())
    const isMine = () => running === mine
    const show = (next: RunState) => {
      if (isMine()) state.value = next
    }
    const take = (some: readonly Row[]) => taken.add(some)
    void read({ state: state.peek(), signal: mine.signal, take, show }).then((last) => {
      if (!isMine()) return
      running = null
      state.value = last
    })
  }
  return { state, rows: () => rows, start, cancel }
}

type Reading = {
  readonly state: RunState
  readonly signal: AbortSignal
  readonly take: (rows: readonly Row[]) => void
  readonly show: (state: RunState) => void
}

/** Reads the answer to its end, and gives the state then. */
async function read({ state, signal, take, show }: Reading): Promise<RunState> {
  let now = state
  let frame: number | null = null
  const later = () => {
    frame ??= requestAnimationFrame(() => {
      frame = null
      show(now)
    })
  }
  try {
    const body = { sql: state.sql, rows_max: ROWS_MAX }
    for await (const line of askLines<SqlLine>('/api/sql', { body, signal })) {
      if (line.kind === 'rows') take(line.rows)
      now = afterLine(now, line, performance.now())
      later()
    }
    return afterAll(now, performance.now())
  } catch (error) {
    const fault = error instanceof ApiFault ? error : unreadable()
    return failed(now, fault, performance.now())
  } finally {
    if (frame !== null) cancelAnimationFrame(frame)
  }
}
