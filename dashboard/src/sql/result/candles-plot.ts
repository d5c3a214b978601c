import {
  CandlestickSeries,
  createChart,
  HistogramSeries,
  type CandlestickData,
  type UTCTimestamp,
  type WhitespaceData,
} from 'lightweight-charts'
import { colour } from '../../theme.ts'
import { numberText } from './chart-words.ts'
import type { Candle } from './drawn.ts'

/** The volume has this much of the height, below the prices. */
const VOLUME_SHARE = 0.2
const SMALL_MOVE = 0.0001

/** Candles in UTC, as large as the host; gives what takes them away. */
export function drawCandles(host: HTMLElement, candles: readonly Candle[]): () => void {
  const frame = document.createElement('div')
  frame.className = 'result-frame'
  const chart = createChart(frame, {
    ...optionsOf(host),
    width: host.clientWidth,
    height: host.clientHeight,
  })
  const [up, down] = [colour('--up'), colour('--down')]
  const isSmall = candles.some(({ prices }) => prices !== null && Math.abs(prices[3]) < 1)
  const prices = chart.addSeries(CandlestickSeries, {
    upColor: colour('--surface'),
    downColor: down,
    borderUpColor: up,
    borderDownColor: down,
    wickUpColor: up,
    wickDownColor: down,
    priceLineVisible: false,
    ...(isSmall && {
      priceFormat: { type: 'custom' as const, formatter: numberText, minMove: SMALL_MOVE },
    }),
  })
  prices.setData(candles.map(candleOf))
  if (candles.some(({ volume }) => volume !== null)) {
    const volumes = chart.addSeries(HistogramSeries, {
      priceScaleId: 'volume',
      priceFormat: { type: 'volume' },
      color: colour('--edge'),
      lastValueVisible: false,
      priceLineVisible: false,
    })
    const top = 1 - VOLUME_SHARE
    volumes.priceScale().applyOptions({ scaleMargins: { top, bottom: 0 } })
    volumes.setData(
      candles.map(({ time, volume }) => ({ time: time as UTCTimestamp, value: volume ?? 0 })),
    )
  }
  // The logo's rules are in market/chart/chart.css: the page's policy lets in no style element.
  for (const style of frame.querySelectorAll('style')) style.remove()
  // It holds canvases alone; what they show is told beside them.
  frame.querySelector('table')?.setAttribute('role', 'presentation')
  host.append(frame)
  chart.timeScale().fitContent()
  return () => {
    chart.remove()
    frame.remove()
  }
}

function candleOf({ time, prices }: Candle): CandlestickData | WhitespaceData {
  const at = time as UTCTimestamp
  if (prices === null) return { time: at }
  const [open, high, low, close] = prices
  return { time: at, open, high, low, close }
}

function optionsOf(host: HTMLElement) {
  const [muted, text, line] = [colour('--text-muted'), colour('--text'), colour('--line')]
  const isStill = matchMedia('(prefers-reduced-motion: reduce)').matches
  const labels = { color: muted, labelBackgroundColor: text }
  return {
    autoSize: true,
    layout: {
      background: { color: 'transparent' },
      textColor: muted,
      fontFamily: getComputedStyle(host).fontFamily,
      attributionLogo: true,
    },
    grid: { vertLines: { color: line }, horzLines: { color: line } },
    rightPriceScale: {
      borderColor: line,
      scaleMargins: { top: 0.08, bottom: VOLUME_SHARE + 0.04 },
    },
    timeScale: { borderColor: line, timeVisible: true, secondsVisible: false },
    crosshair: { mode: 0, vertLine: labels, horzLine: labels },
    handleScroll: { vertTouchDrag: false },
    kineticScroll: { mouse: false, touch: !isStill },
    localization: { dateFormat: 'yyyy-MM-dd', locale: 'en-US' },
  }
}
