import { useSignal } from '@preact/signals'
import type { JSX } from 'preact'
import { useMemo } from 'preact/hooks'
import type { FigureProps } from './figure-props.ts'
import { namesOf, numberText, partText, summaryOf } from './chart-words.ts'
import { Choose } from './choose.tsx'
import { barsOf } from './drawn.ts'

/** A number for each name, as bars from zero. */
export function BarsFigure({ figure, columns, rows, control }: FigureProps<'bars'>): JSX.Element {
  const chosen = useSignal(0)
  const measure = figure.measures[chosen.value] ?? figure.measures[0] ?? 0
  const bars = useMemo(() => barsOf(figure, rows, measure), [figure, rows, measure])
  const part = partText(bars.length, rows.length)
  const what = columns[measure]?.name ?? ''
  const by = namesOf(columns, figure.names)
  return (
    <div class="result-chart">
      <div class="toolbar">
        {control}
        <Choose
          label="Number"
          options={figure.measures.map((i) => columns[i]?.name ?? '')}
          chosen={chosen.value}
          choose={(i) => (chosen.value = i)}
        />
        <span class="muted small">
          {what} by {by}
        </span>
      </div>
      <div class="result-bars scroll" tabIndex={0} role="region" aria-label="Chart">
        <div
          role="img"
          aria-label={summaryOf({ what: `Bars of ${what}`, by, rows: rows.length, span: null })}
        >
          {bars.map(({ name, value, from, length }, i) => (
            <div key={i} class="bar-line">
              <span class="ellipsis" title={name}>
                {name}
              </span>
              <span class="bar-track">
                <span class="bar" style={{ left: `${from}%`, width: `${length}%` }} />
              </span>
              <span class="num">{numberText(value)}</span>
            </div>
          ))}
        </div>
      </div>
      {part !== null && <p class="result-foot muted small">{part}</p>}
    </div>
  )
}
