import type { Signal } from '@preact/signals'
import { pressed, type Column, type Sort } from './order.ts'

const HEADINGS: readonly { column: Column | null; text: string; full: string }[] = [
  { column: 'symbol', text: 'Symbol', full: 'Symbol' },
  { column: 'last', text: 'Last', full: 'Last price' },
  {
    column: 'change',
    text: 'Change',
    full: 'Against the last close of the regular session before',
  },
  { column: null, text: 'Trend', full: 'The last minutes that had trades' },
  { column: 'volume', text: 'Volume', full: 'Volume of the trading day, all sessions' },
  { column: 'rate', text: 'Tr/s', full: 'Trades per second' },
  { column: 'age', text: 'Age', full: 'Since the last trade' },
]

/** Headings that sort: once, the other way, back to the most traded first. */
export function Head({ sort }: { sort: Signal<Sort> }) {
  return (
    <thead>
      <tr>
        {HEADINGS.map(({ column, text, full }) => (
          <th
            key={text}
            scope="col"
            title={full}
            class={column === 'symbol' || column === null ? undefined : 'num'}
            aria-sort={column === null ? undefined : sortOf(sort.value, column)}
          >
            {column === null ? (
              text
            ) : (
              <button
                type="button"
                class="quiet watch-sort"
                onClick={() => (sort.value = pressed(sort.value, column))}
              >
                {text}
                {sort.value.by === column && (
                  <span aria-hidden="true">{sort.value.descending ? '↓' : '↑'}</span>
                )}
              </button>
            )}
          </th>
        ))}
      </tr>
    </thead>
  )
}

const sortOf = ({ by, descending }: Sort, column: Column) => {
  if (by !== column) return 'none'
  return descending ? 'descending' : 'ascending'
}
