import type { Candle } from '../query/candles.ts'
import type { Terminal } from './terminal.ts'

const HEIGHT = 12

/** Candles as text: a column a bar, █ up, ░ down, │ the range; prices on the right. */
export function chart(
  bars: readonly Candle[],
  { terminal, title }: { terminal: Pick<Terminal, 'columns' | 'paint'>; title: string },
): string {
  // The highest price of any bar that may be shown is the longest label.
  const labelWidth = bars
    .slice(-terminal.columns)
    .flatMap(({ high, close, open }) => [high, close, open])
    .reduce<number>((width, price) => Math.max(width, price?.toFixed(2).length ?? 0), 0)
  const shown = bars.slice(-Math.max(10, terminal.columns - labelWidth - 2))
  const highs = shown.flatMap(({ high, close, open }) =>
    [high, close, open].filter((p) => p !== null),
  )
  const lows = shown.flatMap(({ low, close, open }) => [low, close, open].filter((p) => p !== null))
  if (highs.length === 0) return ''
  const top = Math.max(...highs)
  const bottom = Math.min(...lows)
  const step = (top - bottom) / HEIGHT || 1
  const lines = Array.from({ length: HEIGHT }, (_, row) => {
    const [from, to] = [top - step * (row + 1), top - step * row]
    const cells = shown.map((bar) => cell(bar, { from, to }, terminal))
    const label =
      row === 0 || row === HEIGHT - 1 || row % 4 === 0 ? ((from + to) / 2).toFixed(2) : ''
    return `${cells.join('')}  ${label}\n`
  })
  return `${terminal.paint('bold', title)}\n${lines.join('')}\n`
}

function cell(
  { open, close, high, low }: Candle,
  { from, to }: { from: number; to: number },
  { paint }: Pick<Terminal, 'paint'>,
): string {
  if (open === null || close === null) return ' '
  const touches = (a: number, b: number) => Math.max(a, b) >= from && Math.min(a, b) <= to
  const up = close >= open
  if (touches(open, close)) return paint(up ? 'green' : 'red', up ? '█' : '░')
  return touches(high ?? open, low ?? open) ? paint('dim', '│') : ' '
}
