import type { JSX } from 'preact'
import { showCount, showSpan } from '../../format.ts'
import { announce } from '../../notice.ts'
import { showTime } from '../../zone.ts'
import { pastQueries } from '../desk.ts'
import type { Past } from '../shelf.ts'
import { titleOf } from '../statements.ts'
import { Entry } from './entry.tsx'

/** What was run, the newest first. */
export function PastList({ taken }: { taken: () => void }): JSX.Element {
  const list = pastQueries.value.value
  if (list.length === 0)
    return (
      <div class="empty">
        <p class="title">Nothing was run yet</p>
        <p>What you run is listed here, in this browser only.</p>
      </div>
    )
  return (
    <>
      <ul role="list" class="sql-list">
        {list.map((past) => (
          <Entry
            key={past.sql}
            title={titleOf(past.sql)}
            about={aboutOf(past)}
            sql={past.sql}
            taken={taken}
          />
        ))}
      </ul>
      <p class="sql-side-foot">
        <button
          type="button"
          class="quiet"
          onClick={() => {
            pastQueries.change(() => [])
            announce('History cleared')
          }}
        >
          Clear the history
        </button>
      </p>
    </>
  )
}

function aboutOf({ atMs, rows, millis, failure }: Past): string {
  const when = showTime(atMs, 'moment')
  if (failure !== null) return `${when} · ${failure.split('\n')[0] ?? ''}`
  const took = millis === null ? '' : ` in ${showSpan(millis / 1000)}`
  return `${when} · ${showCount(rows)} ${rows === 1 ? 'row' : 'rows'}${took}`
}
