import {
  createChartEx,
  type IHorzScaleBehavior,
  type Time,
  type UTCTimestamp,
} from 'lightweight-charts'
import type { Interval } from '../../../../src/serve/contract/market.ts'
import type { Zone } from '../../zone.ts'
import { createTimeAxis, type TimeAxis } from './axis.ts'
import { createGround, type Ground } from './ground.ts'
import type { Hole } from './holes.ts'
import { createLayers } from './layers.ts'
import { createMoves, RIGHT_PLACES, type Moves } from './moves.ts'
import type { Palette } from './palette.ts'
import type { Slot } from './slots.ts'

export type PlotOptions = {
  readonly interval: Interval
  readonly zone: Zone
  readonly palette: Palette
  /** The pointer, or the cursor of the keyboard, is at this slot; null: nowhere. */
  readonly pointed: (slot: number | null, at: { x: number; y: number } | null) => void
  readonly viewed: () => void
  /** Whether the last bar is of now, so that a view that has it in its spot moves on with it. */
  readonly follows: () => boolean
}

/** The chart on its canvas. */
export type Plot = Pick<
  Moves,
  'view' | 'seen' | 'look' | 'centre' | 'start' | 'pan' | 'zoom' | 'follow' | 'isFollowing'
> &
  Pick<Ground, 'mark' | 'holeAt' | 'visible'> & {
    show(slots: readonly Slot[], holes: readonly Hole[]): void
    /** Moves the cursor by bars; from the last one in view where there is none. */
    step(direction: -1 | 1): void
    /** Takes the cursor away. */
    unpoint(): void
    centreOfHole(hole: Hole): void
    close(): void
  }

export function createPlot(host: HTMLElement, options: PlotOptions): Plot {
  const { pointed, viewed, follows } = options
  const { frame, chart, layers, ground } = framed(host, options)
  const scale = chart.timeScale()
  let slots: readonly Slot[] = []
  let cursor: number | null = null
  const moves = createMoves(scale, () => slots.length)
  const point = (slot: number | null, at: { x: number; y: number } | null) => {
    cursor = slot
    pointed(slot, at)
  }
  chart.subscribeCrosshairMove(({ point: at, logical }) => {
    if (at === undefined || logical === undefined) point(null, null)
    else point(Math.min(slots.length - 1, Math.max(0, Math.round(logical))), at)
  })
  const step = (direction: -1 | 1) => {
    const view = moves.view()
    const last = Math.min(slots.length - 1, view?.last ?? slots.length - 1)
    const next = cursor === null ? last : cursor + direction
    const slot = slots[next]
    if (slot === undefined) return
    if (view !== null && (next < view.first || next > view.last)) moves.centre(next)
    const middle = layers.candles.coordinateToPrice(chart.paneSize().height / 2)
    const price = slot.bar?.close ?? middle ?? 0
    chart.setCrosshairPosition(price, slot.time as UTCTimestamp, layers.candles)
    point(next, null)
  }
  scale.subscribeVisibleLogicalRangeChange(viewed)
  scale.subscribeSizeChange(viewed)

  return {
    ...moves,
    mark: ground.mark,
    holeAt: ground.holeAt,
    visible: ground.visible,
    show(fresh, holes) {
      const old = slots
      const [seen, view, wasFollowing] = [moves.seen(), moves.view(), moves.isFollowing()]
      slots = fresh
      const isKept = layers.show(old, fresh, follows())
      ground.show(fresh, holes)
      const isFollowing = wasFollowing && follows()
      if (old.length === 0 || (!isKept && isFollowing && moves.isFew(old.length))) moves.begin()
      else if (!isKept && isFollowing) moves.follow()
      else if (!isKept && seen !== null && view !== null) {
        // What was in the middle stays there, whatever came before it.
        const was = Math.max(0, Math.min(old.length - 1, Math.round((view.first + view.last) / 2)))
        const found = fresh.findIndex(({ time }) => time >= (old[was]?.time ?? 0))
        const more = found === -1 ? 0 : found - was
        moves.look({ from: seen.from + more, to: seen.to + more })
      }
      requestAnimationFrame(viewed)
    },
    step,
    unpoint() {
      chart.clearCrosshairPosition()
      point(null, null)
    },
    centreOfHole(hole) {
      const extent = ground.extentOf(hole)
      if (extent !== null) moves.centre((extent.from + extent.to) / 2 - 0.5)
    },
    close() {
      chart.remove()
      frame.remove()
    },
  }
}

function framed(host: HTMLElement, options: PlotOptions) {
  const axis = createTimeAxis(options.interval, options.zone)
  const frame = document.createElement('div')
  frame.className = 'chart-frame'
  const chart = createChartEx<Time, IHorzScaleBehavior<Time>>(frame, axis.behavior, {
    ...optionsOf(options, axis),
    width: host.clientWidth,
    height: host.clientHeight,
  })
  const layers = createLayers(chart, options.palette)
  const ground = createGround(options.palette)
  layers.candles.attachPrimitive(ground.primitive)
  // The logo's rules are in chart.css: a style element would not be let in by the page's policy.
  for (const style of frame.querySelectorAll('style')) style.remove()
  host.append(frame)
  return { frame, chart, layers, ground }
}

function optionsOf({ interval, palette }: PlotOptions, axis: TimeAxis) {
  const isStill = matchMedia('(prefers-reduced-motion: reduce)').matches
  const labels = { color: palette.muted, labelBackgroundColor: palette.text }
  return {
    autoSize: true,
    layout: {
      background: { color: 'transparent' },
      textColor: palette.muted,
      fontFamily: palette.font,
      attributionLogo: true,
    },
    grid: { vertLines: { color: palette.line }, horzLines: { color: palette.line } },
    rightPriceScale: { borderColor: palette.line, scaleMargins: { top: 0.08, bottom: 0.24 } },
    timeScale: {
      borderColor: palette.line,
      rightOffset: RIGHT_PLACES,
      timeVisible: interval !== '1d',
      secondsVisible: interval === '1s' || interval === '5s',
      tickMarkFormatter: axis.mark,
    },
    crosshair: { mode: 0, vertLine: labels, horzLine: labels },
    // Up and down scrolls the page: on a small screen the chart is most of it.
    handleScroll: { vertTouchDrag: false },
    kineticScroll: { mouse: false, touch: !isStill },
    localization: { timeFormatter: axis.label, dateFormat: 'yyyy-MM-dd' },
  }
}
