import { useSignal } from '@preact/signals'
import type { JSX } from 'preact'
import { useMemo } from 'preact/hooks'
import { ChartFrame } from './chart-frame.tsx'
import type { FigureProps } from './figure-props.ts'
import { axisText, namesOf, summaryOf } from './chart-words.ts'
import { Choose } from './choose.tsx'
import { linesOf, measureSets } from './drawn.ts'
import { LINES_MAX } from './figure.ts'
import { groupsOf } from './groups.ts'
import { isTimeType } from './kinds.ts'
import type { Draw } from './use-drawn.ts'

/** Numbers over time, a line for each column or for each name. */
export function LinesFigure(props: FigureProps<'lines'>): JSX.Element {
  const { columns, control } = props
  const groups = useMemo(() => groupsOf(props.rows, props.figure.by), [props.rows, props.figure])
  const isOne = groups.length > LINES_MAX
  const one = useSignal(0)
  const rows = isOne ? (groups[one.value]?.rows ?? []) : props.rows
  const times = columns.flatMap(({ type }, i) => (isTimeType(type) ? [i] : []))
  const time = useSignal(Math.max(0, times.indexOf(props.figure.time)))
  const place = times[time.value] ?? props.figure.time
  const figure = useMemo(() => ({ ...props.figure, time: place }), [props.figure, place])
  const sets = useMemo(() => measureSets(figure, rows), [figure, rows])
  const set = useSignal(0)
  const measures = sets[set.value] ?? sets[0] ?? []
  const lines = useMemo(
    () => linesOf(figure, rows, { columns, measures }),
    [figure, rows, columns, measures],
  )
  const x = axisText(columns[place])
  const y = namesOf(columns, measures)
  const draw = useMemo((): Draw => {
    return async (host) => (await import('./lines-plot.ts')).drawLines(host, { lines, x, y })
  }, [lines, x, y])
  const [from, to] = [lines.times[0], lines.times.at(-1)]
  const each = figure.by.length === 0 ? '' : ` of each ${namesOf(columns, figure.by)}`
  const by = isOne ? ` of ${groups[one.value]?.name ?? ''}` : each
  const label = summaryOf({
    what: `Lines of ${y}${by}`,
    by: x,
    rows: rows.length,
    span: from === undefined || to === undefined ? null : [from * 1000, to * 1000],
  })
  return (
    <div class="result-chart">
      <div class="toolbar">
        {control}
        {isOne && (
          <Choose
            label="of"
            options={groups.map(({ name }) => name)}
            chosen={one.value}
            choose={(i) => (one.value = i)}
          />
        )}
        <Choose
          label="x"
          options={times.map((i) => columns[i]?.name ?? '')}
          chosen={time.value}
          choose={(i) => (time.value = i)}
        />
        <Choose
          label="y"
          options={sets.map((set) => namesOf(columns, set))}
          chosen={set.value}
          choose={(i) => (set.value = i)}
        />
      </div>
      <ChartFrame
        draw={draw}
        label={label}
        foot="Times in UTC. Drag to see a part, double-click to see all."
      />
    </div>
  )
}
