import {
  CandlestickSeries,
  HistogramSeries,
  type CandlestickData,
  type HistogramData,
  type IChartApiBase,
  LineStyle,
  type UTCTimestamp,
  type WhitespaceData,
} from 'lightweight-charts'
import { showPrice } from '../../format.ts'
import type { Palette } from './palette.ts'
import { changeOf, type Slot } from './slots.ts'

const PRICE_MOVE = { usual: 0.01, small: 0.0001 } as const
const DOTTED: LineStyle = LineStyle.Dotted

/** Candles, volume and the line of the last price. Rising candles are hollow: colour is not all that tells. */
export function createLayers(chart: IChartApiBase, palette: Palette) {
  const candles = chart.addSeries(CandlestickSeries, {
    upColor: palette.surface,
    downColor: palette.down,
    borderUpColor: palette.up,
    borderDownColor: palette.down,
    wickUpColor: palette.up,
    wickDownColor: palette.down,
    lastValueVisible: false,
    priceLineVisible: false,
  })
  const volumes = chart.addSeries(HistogramSeries, {
    priceScaleId: 'volume',
    priceFormat: { type: 'volume' },
    lastValueVisible: false,
    priceLineVisible: false,
  })
  volumes.priceScale().applyOptions({ scaleMargins: { top: 0.8, bottom: 0 } })
  const line = candles.createPriceLine({ price: 0, lineStyle: DOTTED, lineWidth: 1 })
  line.applyOptions({ lineVisible: false, axisLabelVisible: false })

  const showLast = (slots: readonly Slot[], isNow: boolean) => {
    const bar = slots.findLast(({ bar }) => bar !== null && bar.close !== null)?.bar ?? null
    line.applyOptions({ lineVisible: isNow, axisLabelVisible: isNow })
    if (bar === null || bar.close === null) return
    const color = bar.open !== null && bar.close < bar.open ? palette.down : palette.up
    line.applyOptions({ price: bar.close, color, axisLabelTextColor: palette.surface })
  }
  return {
    candles,
    /** The line of the last price: where the last bar is of now. False: all was drawn anew, and the view may have moved. */
    show(old: readonly Slot[], fresh: readonly Slot[], isNow: boolean): boolean {
      const changed = changeOf(old, fresh)
      if (changed === null) {
        candles.applyOptions({ priceFormat: priceFormatOf(fresh) })
        candles.setData(fresh.map(candleOf))
        volumes.setData(fresh.map((slot) => volumeOf(slot, palette)))
      } else
        for (const [i, slot] of fresh.slice(changed).entries()) {
          const isPast = changed + i < old.length - 1
          candles.update(candleOf(slot), isPast)
          volumes.update(volumeOf(slot, palette), isPast)
        }
      showLast(fresh, isNow && fresh.length > 0)
      return changed !== null
    },
  }
}

/** Below one a cent is too coarse. */
function priceFormatOf(slots: readonly Slot[]) {
  const last = slots.findLast(({ bar }) => bar !== null && bar.close !== null)?.bar?.close ?? 1
  const minMove = Math.abs(last) < 1 ? PRICE_MOVE.small : PRICE_MOVE.usual
  const formatter = (price: number) => showPrice(Math.round(price / minMove) * minMove)
  return { type: 'custom', formatter, minMove } as const
}

/** A bar without an eligible trade is no candle. */
function candleOf({ time, bar }: Slot): CandlestickData | WhitespaceData {
  const at = time as UTCTimestamp
  if (bar === null || bar.open === null || bar.close === null) return { time: at }
  const { open, high, low, close } = bar
  const [top, bottom] = [Math.max(open, close), Math.min(open, close)]
  return { time: at, open, close, high: high ?? top, low: low ?? bottom }
}

function volumeOf({ time, bar }: Slot, palette: Palette): HistogramData | WhitespaceData {
  const at = time as UTCTimestamp
  if (bar === null) return { time: at }
  const { open, close, volume } = bar
  const isFlat = open === null || close === null
  const color = isFlat ? palette.flatVolume : close < open ? palette.downVolume : palette.upVolume
  return { time: at, value: volume, color }
}
