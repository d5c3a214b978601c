import type { JSX } from 'preact'
import type { LakeAnswer } from '../../../src/serve/contract/lake.ts'
import { showBytes, showCount } from '../format.ts'
import { go } from '../route.ts'
import { changesTo, TABLES, type LakePlace, type TableName, type View } from './place.ts'

const TABLE_WORDS: Readonly<Record<TableName, string>> = {
  records: 'records: every trade that came, one row each',
  feed_log: 'feed_log: what the recorder did, and why',
}
const VIEW_WORDS: Readonly<Record<View, string>> = { days: 'Days', snapshots: 'Snapshots' }

export function Switches({ place }: { place: LakePlace }): JSX.Element {
  const { table, view } = place
  const at = { day: null, file: null }
  return (
    <div class="toolbar lake-switches">
      <div class="group" role="group" aria-label="Table">
        {TABLES.map((name) => (
          <button
            key={name}
            type="button"
            class="mono"
            aria-pressed={name === table}
            title={TABLE_WORDS[name]}
            onClick={() => go('lake', changesTo({ ...at, view, table: name }))}
          >
            {name}
          </button>
        ))}
      </div>
      <div class="group" role="group" aria-label="View">
        {(['days', 'snapshots'] as const).map((name) => (
          <button
            key={name}
            type="button"
            aria-pressed={name === view}
            onClick={() => go('lake', changesTo({ ...at, table, view: name }))}
          >
            {VIEW_WORDS[name]}
          </button>
        ))}
      </div>
    </div>
  )
}

export function Summary({ lake }: { lake: LakeAnswer }): JSX.Element {
  const { files, rows, bytes, deleted_rows: struck, small_files: small } = lake
  const days = lake.days.filter(({ day }) => day !== null).length
  return (
    <>
      <dl class="facts lake-facts">
        <Fact name="Rows" value={showCount(rows)}>
          {struck > 0 && (
            <span class="muted small"> {showCount(struck)} struck out by other engines</span>
          )}
        </Fact>
        <Fact name="Files" value={showCount(files)} />
        <Fact name="Size" value={showBytes(bytes)} />
        <Fact name="Days" value={showCount(days)} />
        <Fact name="Snapshots kept" value={showCount(lake.snapshots)} />
      </dl>
      <dl class="lake-places">
        <div>
          <dt>Where</dt>
          <dd class="mono">{lake.location}</dd>
        </div>
        <div>
          <dt>Catalog</dt>
          <dd class="mono">{lake.catalog}</dd>
        </div>
      </dl>
      {small > 0 && <SmallNote small={small} />}
    </>
  )
}

function Fact({
  name,
  value,
  children,
}: {
  name: string
  value: string
  children?: JSX.Element | false
}): JSX.Element {
  return (
    <div>
      <dt>{name}</dt>
      <dd>
        <span class="num lake-figure">{value}</span>
        {children}
      </dd>
    </div>
  )
}

/** What small files are, and what becomes of them. */
function SmallNote({ small }: { small: number }): JSX.Element {
  return (
    <p class="lake-small">
      <span class="warn">
        <span aria-hidden="true">▲ </span>
        {showCount(small)} small {small === 1 ? 'file' : 'files'}
      </span>{' '}
      (below 26 MB, in days that have more than one). A query opens each file that it needs, so many
      make it slow. Landing joins them by itself: today’s once there are eight, a past day’s once it
      is over. To join them now: <code>ticklake compact</code>
    </p>
  )
}
