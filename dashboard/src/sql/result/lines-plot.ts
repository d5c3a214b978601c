import UPlot from 'uplot'
import { colour } from '../../theme.ts'
import { momentText, numberText, tickText } from './chart-words.ts'
import type { Lines } from './drawn.ts'

export type LinesPlot = {
  readonly lines: Lines
  /** What the axes are named. */
  readonly x: string
  readonly y: string
}

const COLOURS = ['--accent', '--warn', '--info', '--down', '--up', '--text-muted'] as const
/** Lines differ in these too: colour is not all that tells. */
const DASHES = [[], [8, 4], [2, 3], [10, 3, 2, 3], [5, 2], [14, 4], [2, 6], [6, 2, 2, 2]] as const
/** The same in the legend, as near as a border can. */
const BORDERS = ['solid', 'dashed', 'dotted', 'dashed', 'dashed', 'dashed', 'dotted', 'dashed']
const CHAR_PX = 7
const HEIGHT_PX_MIN = 160

/** Lines over time in UTC, as large as the host; gives what takes them away. */
export function drawLines(host: HTMLElement, plot: LinesPlot): () => void {
  const { times, lines } = plot.lines
  const values = lines.map(({ values }) => [...values])
  const drawn = new UPlot(optionsOf(host, plot), [[...times], ...values], host)
  const legend = drawn.root.querySelector<HTMLElement>('.u-legend')
  const fit = () => {
    const below = legend?.offsetHeight ?? 0
    host.style.minHeight = `${HEIGHT_PX_MIN + below}px`
    const height = Math.max(HEIGHT_PX_MIN, host.clientHeight - below)
    if (host.clientWidth > 0) drawn.setSize({ width: host.clientWidth, height })
  }
  fit()
  const observer = new ResizeObserver(fit)
  observer.observe(host)
  if (legend !== null) observer.observe(legend)
  return () => {
    observer.disconnect()
    drawn.destroy()
    host.style.minHeight = ''
  }
}

function optionsOf(host: HTMLElement, { lines, x, y }: LinesPlot): UPlot.Options {
  const font = `11px ${getComputedStyle(host).fontFamily}`
  const axis = {
    stroke: colour('--text-muted'),
    font,
    labelFont: font,
    labelSize: 18,
    grid: { stroke: colour('--line'), width: 1 },
    ticks: { stroke: colour('--line'), width: 1 },
  }
  return {
    width: host.clientWidth,
    height: Math.max(HEIGHT_PX_MIN, host.clientHeight - 30),
    tzDate: (seconds) => UPlot.tzDate(new Date(seconds * 1000), 'Etc/UTC'),
    cursor: { points: { size: 6 } },
    legend: { markers: { width: 2, dash: (_, i) => BORDERS[(i - 1) % BORDERS.length] ?? 'solid' } },
    series: [
      { label: x, value: (_, seconds) => (seconds === null ? '–' : momentText(seconds * 1000)) },
      ...lines.lines.map(({ name }, i) => lineOf(name, i)),
    ],
    axes: [
      {
        ...axis,
        label: x,
        space: 80,
        size: 44,
        values: (...[, ticks, , , step]) =>
          ticks.map((at, i) => tickText(at, step, ticks[i - 1] ?? null)),
      },
      {
        ...axis,
        label: y,
        size: (_, marks) => 16 + CHAR_PX * Math.max(3, ...(marks ?? []).map((m) => m.length)),
        values: (_, ticks) => ticks.map((value) => numberText(value)),
      },
    ],
  }
}

const lineOf = (name: string, i: number): UPlot.Series => ({
  label: name,
  stroke: colour(COLOURS[i % COLOURS.length] ?? '--accent'),
  dash: [...(DASHES[i % DASHES.length] ?? [])],
  width: 1.5,
  value: (_, value) => numberText(value),
})
