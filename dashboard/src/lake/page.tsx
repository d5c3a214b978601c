import { useComputed, useSignal } from '@preact/signals'
import type { JSX } from 'preact'
import { useEffect } from 'preact/hooks'
import type {
  FileAnswer,
  FilesAnswer,
  LakeAnswer,
  SnapshotsAnswer,
} from '../../../src/serve/contract/lake.ts'
import { useKeys } from '../keys.ts'
import { go, route } from '../route.ts'
import { reconnected } from '../socket.ts'
import { status } from '../status.ts'
import { useAnswer } from './answer.ts'
import { Days } from './days.tsx'
import { File } from './file.tsx'
import { Files } from './files.tsx'
import { LakeLink, visitPlace } from './link.tsx'
import { FaultNote } from './parts.tsx'
import { above, changesTo, dayName, lakePlaceOf, type LakePlace } from './place.ts'
import { Snapshots } from './snapshots.tsx'
import { Summary, Switches } from './summary.tsx'

/** Days, their files, one file's columns; snapshots. `table`, `view`, `day` and `file` are in the address. */
export function LakePage(): JSX.Element {
  const place = lakePlaceOf(route.value.params)
  const { table } = place
  const tick = useTick()
  const lake = useAnswer<LakeAnswer>({ path: '/api/lake', params: { table } }, tick)
  const isPast = place.view === 'snapshots'
  const past = useAnswer<SnapshotsAnswer>(
    isPast ? { path: '/api/lake/snapshots', params: { table } } : null,
    tick,
  )
  useLakeKeys(place)
  const { value, fault } = lake
  return (
    <div class={`lake lake-at-${levelOf(place)}`}>
      <section class="panel lake-summary" aria-label="Summary">
        <header class="panel-head">
          <Trail place={place} />
          <div class="tools">
            <Switches place={place} />
          </div>
        </header>
        {value !== null && value.snapshot !== null && (
          <div class="panel-body">
            <Summary lake={value} />
          </div>
        )}
      </section>
      {fault !== null && <FaultNote fault={fault} stale={value !== null} />}
      {value === null && fault === null && <p class="empty">Loading the lake.</p>}
      {value !== null && value.snapshot === null && <Nothing lake={value} />}
      {value !== null && value.snapshot !== null && (
        <div class="lake-body">
          {isPast ? (
            <Snapshots key={table} answer={past} table={table} />
          ) : (
            <>
              <Days lake={value} place={place} />
              <Detail key={`${table} ${place.day}`} place={place} tick={tick} />
            </>
          )}
        </div>
      )}
    </div>
  )
}

const levelOf = ({ view, day, file }: LakePlace): string => {
  if (view === 'snapshots') return 'snapshots'
  if (day === null) return 'days'
  return file === null ? 'day' : 'file'
}

/** Compaction and other engines commit too, of which the status says nothing, ms. */
const ROUND_MS = 30_000

/** Another text after each landing, after the socket was away, and now and then: what is shown may be older then. */
function useTick(): string {
  const commit = useComputed(() => status.value?.lake.last_commit?.at ?? '')
  const round = useSignal(0)
  useEffect(() => {
    const again = setInterval(() => {
      if (!document.hidden) round.value += 1
    }, ROUND_MS)
    return () => clearInterval(again)
  }, [round])
  return `${commit.value} ${reconnected.value} ${round.value}`
}

function useLakeKeys(place: LakePlace): void {
  const { table } = place
  const at = { day: null, file: null }
  const other = table === 'records' ? 'feed_log' : 'records'
  const up = above(place)
  useKeys([
    { keys: '1', does: 'Days of the lake', run: () => visitPlace({ ...at, table, view: 'days' }) },
    {
      keys: '2',
      does: 'Snapshots of the lake',
      run: () => visitPlace({ ...at, table, view: 'snapshots' }),
    },
    {
      keys: 't',
      does: 'The other table: records or feed_log',
      run: () => go('lake', changesTo({ ...at, view: place.view, table: other })),
    },
    { keys: 'u', does: 'One level up', run: () => (up === null ? undefined : visitPlace(up)) },
  ])
}

/** Where one is, each level above a link. */
function Trail({ place }: { place: LakePlace }): JSX.Element {
  const { table, view, day, file } = place
  const top: LakePlace = { table, view: 'days', day: null, file: null }
  const isTop = view === 'days' && day === null
  return (
    <nav class="lake-trail" aria-label="Place in the lake">
      <ol role="list">
        <li>{isTop ? <Here text={table} /> : <LakeLink to={top}>{table}</LakeLink>}</li>
        {view === 'snapshots' && <li>{<Here text="snapshots" />}</li>}
        {day !== null && (
          <li>
            {file === null ? (
              <Here text={dayName(day)} />
            ) : (
              <LakeLink to={{ ...top, day }}>{dayName(day)}</LakeLink>
            )}
          </li>
        )}
        {file !== null && (
          <li>
            <Here text={`file ${file}`} />
          </li>
        )}
      </ol>
    </nav>
  )
}

const Here = ({ text }: { text: string }): JSX.Element => <span aria-current="page">{text}</span>

function Detail({ place, tick }: { place: LakePlace; tick: string }): JSX.Element | null {
  const { table, day, file } = place
  const isDay = day !== null && file === null
  const files = useAnswer<FilesAnswer>(
    isDay ? { path: '/api/lake/files', params: { table, day } } : null,
    tick,
  )
  // A file never changes: it is not asked for again.
  const one = useAnswer<FileAnswer>(
    file === null ? null : { path: '/api/lake/file', params: { table, id: file } },
    '',
  )
  if (day === null) return null
  if (file === null) return <Files answer={files} place={{ ...place, day }} />
  return <File key={file} answer={one} place={{ ...place, day, file }} />
}

function Nothing({ lake }: { lake: LakeAnswer }): JSX.Element {
  return (
    <div class="panel">
      <div class="empty">
        <p class="title">Nothing was committed to {lake.table} yet</p>
        <p>
          What is recorded lands here, in <span class="mono lake-break">{lake.location}</span>,
          every few seconds while <code>ticklake land</code> or <code>ticklake up</code> runs.
        </p>
        <p>This page fills by itself with the first commit.</p>
      </div>
    </div>
  )
}
