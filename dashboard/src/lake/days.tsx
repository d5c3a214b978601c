import type { JSX } from 'preact'
import type { LakeAnswer, LakeDay } from '../../../src/serve/contract/lake.ts'
import { showBytes, showCount } from '../format.ts'
import { LakeLink, QueryLink, visitPlace } from './link.tsx'
import { Bar, Small } from './parts.tsx'
import { dayName, dayParam, type LakePlace } from './place.ts'
import { dayQuery } from './queries.ts'

export function Days({ lake, place }: { lake: LakeAnswer; place: LakePlace }): JSX.Element {
  const most = lake.days.reduce((rows, day) => Math.max(rows, day.rows), 0)
  return (
    <div class="panel lake-days">
      <header class="panel-head">
        <h2
          id="lake-days-heading"
          tabindex={-1}
          data-lake-head={place.day === null ? '' : undefined}
        >
          Days
        </h2>
        <span class="muted small">of {lake.table === 'records' ? 'trade' : 'event'} time, UTC</span>
      </header>
      <div class="scroll" tabindex={0} role="region" aria-labelledby="lake-days-heading">
        <table class="table pickable">
          <caption class="hidden-text">
            Days of {lake.table}, the newest first. A day leads to its files.
          </caption>
          <thead>
            <tr>
              <th scope="col">Day UTC</th>
              <th scope="col" class="num">
                Rows
              </th>
              <th scope="col" class="lake-bar-cell" aria-hidden="true" />
              <th scope="col" class="num">
                Files
              </th>
              <th scope="col" class="num">
                Small
              </th>
              <th scope="col" class="num">
                Size
              </th>
              <th scope="col" class="lake-wide">
                <span class="hidden-text">Query</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {lake.days.map((day) => (
              <Row key={dayParam(day.day)} day={day} place={place} most={most} />
            ))}
          </tbody>
        </table>
      </div>
    </div>
  )
}

function Row({ day, place, most }: { day: LakeDay; place: LakePlace; most: number }): JSX.Element {
  const param = dayParam(day.day)
  const to = { ...place, day: param, file: null }
  const isChosen = place.day === param
  return (
    <tr class={isChosen ? 'selected' : undefined} onClick={() => visitPlace(to)}>
      <th scope="row">
        <LakeLink to={to} aria-current={isChosen ? 'true' : undefined}>
          {dayName(day.day)}
        </LakeLink>
      </th>
      <td class="num">
        {showCount(day.rows)}
        {day.deleted_rows > 0 && (
          <span class="muted small"> −{showCount(day.deleted_rows)} struck out</span>
        )}
      </td>
      <td class="lake-bar-cell" aria-hidden="true">
        <Bar value={day.rows} most={most} />
      </td>
      <td class="num">{showCount(day.files)}</td>
      <td class="num">
        <Small count={day.small_files} />
      </td>
      <td class="num">{showBytes(day.bytes)}</td>
      <td class="lake-wide">
        <QueryLink sql={dayQuery(place.table, param)} of={dayName(day.day)} />
      </td>
    </tr>
  )
}
