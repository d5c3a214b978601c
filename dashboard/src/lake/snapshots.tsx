import type { JSX } from 'preact'
import type { SnapshotsAnswer } from '../../../src/serve/contract/lake.ts'
import { showCount } from '../format.ts'
import { showTime, zone, zoneLabel } from '../zone.ts'
import type { Answer } from './answer.ts'
import { QueryLink } from './link.tsx'
import { Answered, Bar, useFirst } from './parts.tsx'
import type { TableName } from './place.ts'
import { snapshotQuery, type Snapshot } from './queries.ts'

const ROWS_MAX = 100
/** What Iceberg's words for a commit mean. */
const OPERATIONS: Readonly<Record<string, string>> = {
  append: 'rows were added',
  replace: 'the same rows in other files',
  delete: 'rows were taken out',
  overwrite: 'rows were replaced',
}

export function Snapshots({
  answer,
  table,
}: {
  answer: Answer<SnapshotsAnswer>
  table: TableName
}): JSX.Element {
  return (
    <div class="panel lake-days">
      <header class="panel-head">
        <h2 id="lake-snapshots-heading" tabindex={-1} data-lake-head="">
          Snapshots
        </h2>
        <span class="muted small">
          one for each commit; <code>ticklake expire</code> lets old ones go
        </span>
      </header>
      <Answered answer={answer} loading="Loading the snapshots.">
        {(value) => <List snapshots={value.snapshots} table={table} />}
      </Answered>
    </div>
  )
}

function List({
  snapshots,
  table,
}: {
  snapshots: readonly Snapshot[]
  table: TableName
}): JSX.Element {
  const { first, more } = useFirst(snapshots, ROWS_MAX)
  const most = first.reduce((rows, { added_rows: added }) => Math.max(rows, added ?? 0), 0)
  return (
    <div class="scroll" tabindex={0} role="region" aria-labelledby="lake-snapshots-heading">
      <table class="table">
        <caption class="hidden-text">
          Snapshots of {table}, the newest first, times {zoneLabel(zone.value)}
        </caption>
        <thead>
          <tr>
            <th scope="col">When, {zoneLabel(zone.value)}</th>
            <th scope="col">Operation</th>
            <th scope="col" class="num">
              + Rows
            </th>
            <th scope="col" class="lake-bar-cell" aria-hidden="true" />
            <th scope="col" class="num">
              − Rows
            </th>
            <th scope="col" class="num">
              + Files
            </th>
            <th scope="col" class="num">
              − Files
            </th>
            <th scope="col" class="num">
              Rows then
            </th>
            <th scope="col">By</th>
            <th scope="col">Snapshot</th>
            <th scope="col">
              <span class="hidden-text">Query</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {first.map((one, i) => (
            <Row key={one.id} snapshot={one} most={most} isNewest={i === 0} table={table} />
          ))}
        </tbody>
      </table>
      {more}
    </div>
  )
}

function Row({
  snapshot: one,
  most,
  isNewest,
  table,
}: {
  snapshot: Snapshot
  most: number
  isNewest: boolean
  table: TableName
}): JSX.Element {
  const at = showTime(Date.parse(one.at), 'moment')
  const sql = snapshotQuery(table, one)
  return (
    <tr>
      <th scope="row" class="num lake-left">
        {at}
        {isNewest && <span class="chip good lake-chip">newest</span>}
      </th>
      <td title={OPERATIONS[one.operation]}>{one.operation}</td>
      <td class="num">{signed('+', one.added_rows)}</td>
      <td class="lake-bar-cell" aria-hidden="true">
        <Bar value={one.added_rows ?? 0} most={most} />
      </td>
      <td class="num">{signed('−', one.removed_rows)}</td>
      <td class="num">{signed('+', one.added_files)}</td>
      <td class="num">{signed('−', one.removed_files)}</td>
      <td class="num">{showCount(one.total_rows)}</td>
      <td>{one.by ?? <span class="muted">does not say</span>}</td>
      <td class="mono muted num lake-left">{one.id}</td>
      <td>{sql !== null && <QueryLink sql={sql} of={`the rows that came at ${at}`} />}</td>
    </tr>
  )
}

const signed = (sign: string, count: number | null): string =>
  count === null || count === 0 ? '–' : `${sign}${showCount(count)}`
