import type { JSX } from 'preact'
import type { FilesAnswer, LakeFile } from '../../../src/serve/contract/lake.ts'
import { showBytes, showCount } from '../format.ts'
import { showTime, zone, zoneLabel } from '../zone.ts'
import type { Answer } from './answer.ts'
import { LakeLink, QueryLink, visitPlace } from './link.tsx'
import { Answered, Bar, useFirst } from './parts.tsx'
import { dayName, NO_DAY, type LakePlace } from './place.ts'
import { dayQuery, fileQuery } from './queries.ts'

const ROWS_MAX = 200 // a screen or five; the rest is a click away

type Place = LakePlace & { readonly day: string }

export function Files({
  answer,
  place,
}: {
  answer: Answer<FilesAnswer>
  place: Place
}): JSX.Element {
  return (
    <div class="panel lake-detail">
      <header class="panel-head">
        <h2 id="lake-files-heading" tabindex={-1} data-lake-head="">
          {place.day === NO_DAY ? 'Rows without a time' : dayName(place.day)}
        </h2>
        <div class="tools">
          <QueryLink sql={dayQuery(place.table, place.day)} of={dayName(place.day)} />
        </div>
      </header>
      <Answered answer={answer} loading="Loading the files.">
        {(value) => <List files={value.files} place={place} />}
      </Answered>
    </div>
  )
}

function List({ files, place }: { files: readonly LakeFile[]; place: Place }): JSX.Element {
  const { first, more } = useFirst(files, ROWS_MAX)
  if (files.length === 0)
    return (
      <div class="empty">
        <p class="title">No files of this day</p>
        <p>
          <LakeLink to={{ ...place, day: null }}>All days</LakeLink>
        </p>
      </div>
    )
  const most = files.reduce((bytes, file) => Math.max(bytes, file.bytes), 0)
  const isRecords = place.table === 'records'
  return (
    <div class="scroll" tabindex={0} role="region" aria-labelledby="lake-files-heading">
      <table class="table pickable">
        <caption class="hidden-text">
          Files of {dayName(place.day)}, times {zoneLabel(zone.value)}. A file leads to its columns.
        </caption>
        <thead>
          <tr>
            <th scope="col">From {zoneLabel(zone.value)}</th>
            <th scope="col">To</th>
            {isRecords && <th scope="col">Symbols</th>}
            <th scope="col" class="num">
              Rows
            </th>
            <th scope="col" class="num">
              Size
            </th>
            <th scope="col" class="lake-bar-cell" aria-hidden="true" />
            <th scope="col">File</th>
            <th scope="col">
              <span class="hidden-text">Query</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {first.map((file) => (
            <Row key={file.id} file={file} place={place} most={most} />
          ))}
        </tbody>
      </table>
      {more}
    </div>
  )
}

function Row({ file, place, most }: { file: LakeFile; place: Place; most: number }): JSX.Element {
  const to = { ...place, file: file.id }
  return (
    <tr onClick={() => visitPlace(to)}>
      <td class="num lake-left">{momentText(file.from)}</td>
      <td class="num lake-left">{momentText(file.to)}</td>
      {place.table === 'records' && <td>{symbolsText(file)}</td>}
      <td class="num">
        {showCount(file.rows)}
        {file.deleted_rows > 0 && (
          <span class="muted small"> up to {showCount(file.deleted_rows)} struck out</span>
        )}
      </td>
      <td class="num">{showBytes(file.bytes)}</td>
      <td class="lake-bar-cell" aria-hidden="true">
        <Bar value={file.bytes} most={most} />
      </td>
      <th scope="row" class="lake-name mono ellipsis" title={file.name}>
        <LakeLink to={to}>{shortName(file.name)}</LakeLink>
      </th>
      <td>
        <QueryLink
          sql={fileQuery(place.table, place.day, file)}
          of={`the stretch of ${shortName(file.name)}`}
        />
      </td>
    </tr>
  )
}

export const momentText = (iso: string | null): string =>
  iso === null ? '–' : showTime(Date.parse(iso), 'moment')

export function symbolsText({
  first_symbol: first,
  last_symbol: last,
}: Pick<LakeFile, 'first_symbol' | 'last_symbol'>): string {
  if (first === null && last === null) return '–'
  return first === last ? (first ?? '') : `${first ?? ''} … ${last ?? ''}`
}

/** Without its folders, which are those of its day. */
export const shortName = (name: string): string => name.slice(name.lastIndexOf('/') + 1)
