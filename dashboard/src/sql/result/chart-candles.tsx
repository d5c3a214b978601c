import { useSignal } from '@preact/signals'
import type { JSX } from 'preact'
import { useMemo } from 'preact/hooks'
import { ChartFrame } from './chart-frame.tsx'
import type { FigureProps } from './figure-props.ts'
import { axisText, summaryOf } from './chart-words.ts'
import { Choose } from './choose.tsx'
import { candlesOf } from './drawn.ts'
import { groupsOf } from './groups.ts'
import type { Draw } from './use-drawn.ts'

/** Open, high, low and close over time, one name at a time. */
export function CandlesFigure({
  figure,
  columns,
  rows,
  control,
}: FigureProps<'candles'>): JSX.Element {
  const groups = useMemo(() => groupsOf(rows, figure.by), [figure, rows])
  const chosen = useSignal(0)
  const group = groups[chosen.value] ?? groups[0]
  const candles = useMemo(() => candlesOf(figure, group?.rows ?? []), [figure, group])
  const draw = useMemo((): Draw => {
    return async (host) => (await import('./candles-plot.ts')).drawCandles(host, candles)
  }, [candles])
  const x = axisText(columns[figure.time])
  const [from, to] = [candles[0]?.time, candles.at(-1)?.time]
  const label = summaryOf({
    what: group === undefined || group.name === '' ? 'Candles' : `Candles of ${group.name}`,
    by: x,
    rows: candles.length,
    span: from === undefined || to === undefined ? null : [from * 1000, to * 1000],
  })
  return (
    <div class="result-chart">
      <div class="toolbar">
        {control}
        <Choose
          label="of"
          options={groups.map(({ name }) => name)}
          chosen={chosen.value}
          choose={(i) => (chosen.value = i)}
        />
      </div>
      <ChartFrame draw={draw} label={label} foot={`${x}. Hollow candles rose, full ones fell.`} />
    </div>
  )
}
