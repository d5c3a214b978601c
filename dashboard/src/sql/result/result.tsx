import { useSignal } from '@preact/signals'
import type { JSX } from 'preact'
import { ResultChart } from './chart.tsx'
import { ExportButtons, ExportFault, useExport } from './exports.tsx'
import { Grid } from './grid.tsx'
import type { Run } from './run.ts'
import { Status } from './status.tsx'

export type ResultProps = {
  readonly run: Run
  /** What stands in the editor: what is exported while nothing ran. */
  readonly sql: string
}

const VIEWS = ['Table', 'Chart'] as const

/** What came of a run: how it stands, the rows as grid or chart, and its export. */
export function Result({ run, sql }: ResultProps): JSX.Element {
  const state = run.state.value
  const view = useSignal<(typeof VIEWS)[number]>('Table')
  const exported = state.sql === '' ? sql : state.sql
  const exporting = useExport(exported)
  return (
    <section class="panel result" aria-labelledby="result-title">
      <div class="panel-head">
        <h2 id="result-title">Result</h2>
        <div class="group" role="group" aria-label="Show as">
          {VIEWS.map((name) => (
            <button
              key={name}
              type="button"
              aria-pressed={view.value === name}
              onClick={() => (view.value = name)}
            >
              {name}
            </button>
          ))}
        </div>
        <div class="tools">
          <span class="muted small" aria-hidden="true">
            Export all
          </span>
          <ExportButtons exporting={exporting} disabled={exported.trim() === ''} />
        </div>
      </div>
      <Status run={run} />
      <ExportFault exporting={exporting} />
      <Shown run={run} isChart={view.value === 'Chart'} />
    </section>
  )
}

type ShownProps = { readonly run: Run; readonly isChart: boolean }

function Shown({ run, isChart }: ShownProps): JSX.Element | null {
  const { phase, columns, rows, begunMs } = run.state.value
  const isRunning = phase === 'running'
  if (phase === 'idle')
    return (
      <div class="empty">
        <p class="title">No result yet</p>
        <p>Run a statement: its rows come here.</p>
      </div>
    )
  if (columns === null) return null
  if (isChart && isRunning) return <p class="empty">The chart is drawn when all rows have come.</p>
  if (isChart) return <ResultChart key={begunMs} columns={columns} rows={run.rows()} count={rows} />
  return (
    <>
      <Grid key={begunMs} columns={columns} rows={run.rows()} count={rows} busy={isRunning} />
      {rows === 0 && !isRunning && <p class="empty">No rows: nothing meets the statement.</p>}
    </>
  )
}
