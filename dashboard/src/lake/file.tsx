import type { JSX } from 'preact'
import type { FileAnswer } from '../../../src/serve/contract/lake.ts'
import { showBytes, showCount } from '../format.ts'
import { zone, zoneLabel } from '../zone.ts'
import type { Answer } from './answer.ts'
import { shareText } from './bars.ts'
import { momentText, shortName, symbolsText } from './files.tsx'
import { LakeLink, QueryLink } from './link.tsx'
import { Answered, Bar } from './parts.tsx'
import { dayName, type LakePlace } from './place.ts'
import { fileQuery } from './queries.ts'

type Place = LakePlace & { readonly day: string; readonly file: string }

export function File({ answer, place }: { answer: Answer<FileAnswer>; place: Place }): JSX.Element {
  const { value } = answer
  return (
    <div class="panel lake-detail">
      <header class="panel-head">
        <h2 id="lake-file-heading" class="mono lake-break" tabindex={-1} data-lake-head="">
          {value === null ? 'File' : shortName(value.name)}
        </h2>
        <div class="tools">
          {value !== null && (
            <QueryLink
              sql={fileQuery(place.table, place.day, value)}
              of="the stretch of this file"
            />
          )}
        </div>
      </header>
      <Answered
        answer={answer}
        loading="Loading the file."
        instead={
          <p class="lake-more">
            <LakeLink to={{ ...place, file: null }}>All files of {dayName(place.day)}</LakeLink>
          </p>
        }
      >
        {(value) => <Contents file={value} />}
      </Answered>
    </div>
  )
}

function Contents({ file }: { file: FileAnswer }): JSX.Element {
  const total = file.columns.reduce((sum, { bytes }) => sum + bytes, 0)
  const most = file.columns.reduce((bytes, column) => Math.max(bytes, column.bytes), 0)
  return (
    <div class="scroll" tabindex={0} role="region" aria-labelledby="lake-file-heading">
      <Facts file={file} />
      <table class="table">
        <caption class="lake-caption">
          Columns, as the end of the file describes them (times UTC)
        </caption>
        <thead>
          <tr>
            <th scope="col">Column</th>
            <th scope="col">Type</th>
            <th scope="col" class="num">
              Size
            </th>
            <th scope="col" class="num">
              Share
            </th>
            <th scope="col" class="lake-bar-cell" aria-hidden="true" />
            <th scope="col">Least</th>
            <th scope="col">Greatest</th>
            <th scope="col" class="num">
              Nulls
            </th>
            <th scope="col">Encoding</th>
            <th scope="col" class="num">
              Field id
            </th>
          </tr>
        </thead>
        <tbody>
          {file.columns.map((column) => (
            <tr key={column.name}>
              <th scope="row" class="mono">
                {column.name}
              </th>
              <td class="mono muted">{column.type}</td>
              <td class="num">{showBytes(column.bytes)}</td>
              <td class="num">{shareText(column.bytes, total)}</td>
              <td class="lake-bar-cell" aria-hidden="true">
                <Bar value={column.bytes} most={most} />
              </td>
              <Bound text={column.min} />
              <Bound text={column.max} />
              <td class="num">{showCount(column.nulls)}</td>
              <td class="small muted">
                {column.compression.toLowerCase()}, {column.encodings.toLowerCase()}
              </td>
              <td class="num muted">{column.field_id ?? '–'}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}

/** Long ones are cut; whole when pointed at. */
function Bound({ text }: { text: string | null }): JSX.Element {
  if (text === null) return <td class="muted">–</td>
  return (
    <td class="lake-bound mono ellipsis" title={text}>
      {text === '' ? <span class="muted">empty text</span> : text}
    </td>
  )
}

function Facts({ file }: { file: FileAnswer }): JSX.Element {
  const groups = file.row_groups
  const facts: readonly (readonly [string, string])[] = [
    ['Rows', showCount(file.rows)],
    ...(file.deleted_rows > 0
      ? [['Struck out by other engines', `up to ${showCount(file.deleted_rows)}`] as const]
      : []),
    ['Size', showBytes(file.bytes)],
    [
      'Row groups',
      `${showCount(groups.length)} of ${rowsText(groups.map(({ rows }) => rows))} rows`,
    ],
    ['Symbols', symbolsText(file)],
    [`From (${zoneLabel(zone.value)})`, momentText(file.from)],
    [`To (${zoneLabel(zone.value)})`, momentText(file.to)],
    ['Written by', file.created_by ?? 'unknown'],
  ]
  return (
    <dl class="facts lake-facts">
      {facts.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
      <div class="lake-where">
        <dt>Name, below the table</dt>
        <dd class="mono">{file.name}</dd>
      </div>
    </dl>
  )
}

function rowsText(rows: readonly number[]): string {
  const [least, most] = [Math.min(...rows), Math.max(...rows)]
  if (rows.length === 0) return 'no'
  return least === most ? showCount(most) : `${showCount(least)} to ${showCount(most)}`
}
