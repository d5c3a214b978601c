import { useSignal } from '@preact/signals'
import type { JSX } from 'preact'
import { useEffect } from 'preact/hooks'
import { announce } from '../../notice.ts'
import type { RunState } from './reading.ts'
import type { Run } from './run.ts'
import { placeText, plannedText, reachText, rowsText, spanText, spokenText } from './status-text.ts'

/** A tenth of a second is seen to run. */
const TICK_MS = 100

/** How the run stands: rows, time, how far it reaches; or what is wrong. */
export function Status({ run }: { readonly run: Run }): JSX.Element {
  const state = run.state.value
  useSpoken(state)
  return (
    <div class="result-status">
      {state.phase === 'idle' && <p class="muted">Nothing ran yet.</p>}
      {state.phase === 'running' && <Running state={state} cancel={run.cancel} />}
      {state.phase === 'done' && <Done state={state} />}
      {state.phase === 'cancelled' && (
        <p>
          <span class="chip warn">Cancelled</span> after {spanText(state.millis ?? 0)};{' '}
          {state.rows === 0 ? 'no rows came.' : `the ${rowsText(state.rows)} that came are shown.`}
        </p>
      )}
      {state.fault !== null && <Failure state={state} />}
      {state.reach?.degraded === true && (
        <p class="note warn">
          The lake is far behind: the answer ends before what was recorded last.
        </p>
      )}
    </div>
  )
}

/** Says its beginning and its end, and nothing of the ticking between. */
function useSpoken(state: RunState): void {
  useEffect(() => {
    const text = spokenText(state)
    if (text !== null) announce(text)
  }, [state.phase, state.begunMs])
}

type RunningProps = { readonly state: RunState; readonly cancel: () => void }

function Running({ state, cancel }: RunningProps): JSX.Element {
  const now = useSignal(performance.now())
  useEffect(() => {
    const timer = setInterval(() => (now.value = performance.now()), TICK_MS)
    return () => clearInterval(timer)
  }, [now])
  const millis = Math.max(0, Math.floor((now.value - state.begunMs) / TICK_MS) * TICK_MS)
  return (
    <p>
      <span class="chip info">Running</span>
      <span class="num">{(millis / 1000).toFixed(1)} s</span>
      {state.columns !== null && <span class="num">{rowsText(state.rows)} so far</span>}
      <Facts state={state} />
      <button type="button" class="danger" onClick={cancel}>
        Cancel
      </button>
    </p>
  )
}

function Done({ state }: { readonly state: RunState }): JSX.Element {
  return (
    <>
      <p>
        <span class="chip good">Done</span>
        <b class="num">{rowsText(state.rows)}</b>
        <span class="num">{spanText(state.millis ?? 0)}</span>
        <Facts state={state} />
      </p>
      {state.truncated && (
        <p class="note warn">
          The first {rowsText(state.rows)}; there are more. An export has all.
        </p>
      )}
    </>
  )
}

function Facts({ state }: { readonly state: RunState }): JSX.Element | null {
  if (state.reach === null) return null
  const planned = plannedText(state.planned)
  return (
    <>
      <span class="muted">{reachText(state.reach)}</span>
      {planned !== null && (
        <span class="muted" title="Data files of the lake that had to be opened, and their size">
          {planned}
        </span>
      )}
    </>
  )
}

function Failure({
  state: { fault, sql, rows },
}: {
  readonly state: RunState
}): JSX.Element | null {
  if (fault === null) return null
  return (
    <div class="note bad" role="alert">
      <b>Failed</b>
      {fault.position !== null && <span>{placeText(sql, fault.position)}</span>}
      <span class="result-fault">{fault.message}</span>
      <span class="remedy">
        {fault.remedy}
        {rows > 0 && ` The ${rowsText(rows)} that came before are shown.`}
      </span>
    </div>
  )
}
