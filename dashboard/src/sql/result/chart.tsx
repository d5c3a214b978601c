import { useSignal } from '@preact/signals'
import type { JSX } from 'preact'
import { useMemo } from 'preact/hooks'
import type { Column } from '../../../../src/serve/contract/sql.ts'
import { BarsFigure } from './chart-bars.tsx'
import { CandlesFigure } from './chart-candles.tsx'
import { LinesFigure } from './chart-lines.tsx'
import { FIGURE_WORDS } from './chart-words.ts'
import { Choose } from './choose.tsx'
import { figuresOf } from './figure.ts'
import type { Row, Rows } from './rows.ts'

export type ResultChartProps = {
  readonly columns: readonly Column[]
  readonly rows: Rows
  readonly count: number
}

/** The rows as a picture, of those kinds that fit their columns. */
export function ResultChart({ columns, rows, count }: ResultChartProps): JSX.Element {
  const list = useMemo(() => listOf(rows, count), [rows, count])
  const figures = useMemo(() => figuresOf(columns, list), [columns, list])
  const chosen = useSignal(0)
  const figure = figures[chosen.value]?.figure ?? figures[0]?.figure
  if (figure === undefined) return <NoChart />
  const control = (
    <Choose
      label="Draw as"
      options={figures.map(({ figure }) => FIGURE_WORDS[figure.kind])}
      chosen={chosen.value}
      choose={(i) => (chosen.value = i)}
    />
  )
  const props = { columns, rows: list, control }
  if (figure.kind === 'candles') return <CandlesFigure figure={figure} {...props} />
  if (figure.kind === 'lines') return <LinesFigure figure={figure} {...props} />
  return <BarsFigure figure={figure} {...props} />
}

function NoChart(): JSX.Element {
  return (
    <div class="empty">
      <p class="title">Nothing to draw</p>
      <p>
        A chart takes two rows or more: a time and numbers for lines, a time with open, high, low
        and close for candles, a name and a number for bars.
      </p>
    </div>
  )
}

const listOf = (rows: Rows, count: number): readonly Row[] =>
  Array.from({ length: count }, (_, i) => rows.at(i) ?? [])
