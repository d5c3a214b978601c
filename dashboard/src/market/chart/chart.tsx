import { useSignal, type Signal } from '@preact/signals'
import { useLayoutEffect, useRef } from 'preact/hooks'
import type { Interval } from '../../../../src/serve/contract/market.ts'
import { useKeys } from '../../keys.ts'
import { go } from '../../route.ts'
import { socket } from '../../socket.ts'
import { showTime, zone } from '../../zone.ts'
import { Canvas } from './canvas.tsx'
import { GapList } from './gap-list.tsx'
import type { Hole } from './holes.ts'
import { Key } from './key.tsx'
import { Legend } from './legend.tsx'
import type { Model } from './model.ts'
import type { View } from './moves.ts'
import { WIDTH_MS } from './placed.ts'
import type { Slot } from './slots.ts'
import { statementOf } from './statement.ts'
import { ChartTable } from './table.tsx'
import { CHOICES, Toolbar } from './toolbar.tsx'
import { useModel } from './use-source.ts'
import { usePlot, type Plotted } from './use-plot.ts'
import { INTERVAL_WORDS } from './wording.ts'

export type ChartProps = {
  readonly symbol: string
  readonly interval: Interval
  /** RFC 3339: a moment to show; null: now. */
  readonly at: string | null
}

/** Candles and volume of a symbol, with what the recorder missed, as a picture and as tables. */
export function Chart({ symbol, interval, at }: ChartProps) {
  const atMs = at === null ? null : Date.parse(at)
  const model = useModel({ symbol, interval, atMs })
  const plotted = usePlot(model)
  const isTable = useSignal(false)
  const marked = useSignal<Hole | null>(null)
  useAim(model, plotted, atMs)

  const { plot, looking, pointed } = plotted
  const slots = model?.slots.value ?? []
  const holes = model?.holes.value ?? []
  const view = looking.value.view
  const inView = view === null ? [] : (plot.value?.visible() ?? [])
  const { goLive, toggleTable } = useActions(plotted, isTable, at)
  const mark = (hole: Hole | null) => {
    marked.value = hole
    plot.peek()?.mark(hole)
  }
  const isLive = model?.source.isLive.value ?? true
  const past = isLive || view === null ? slots : slots.slice(0, Math.max(0, view.last + 1))
  const last = past.findLast(({ bar }) => bar !== null) ?? null
  const read = pointed.value === null ? last : (slots[pointed.value.slot] ?? last)
  const isLost = socket.value.state === 'lost'
  return (
    <section class="panel chart" aria-label={`Chart of ${symbol}`}>
      <Toolbar
        interval={interval}
        zone={zone.value}
        isTable={isTable.value}
        choose={choose}
        goTo={(ms) => go('market', { at: new Date(ms).toISOString() })}
        query={() => query({ symbol, interval, slots, view })}
        toggleTable={toggleTable}
      />
      <div class="chart-line">
        <Legend
          symbol={symbol}
          interval={interval}
          zone={zone.value}
          slot={read}
          asOf={isLost ? showTime(socket.value.since, 'moment') : null}
        />
        <Key
          listing={model?.listing.value ?? 'continuous'}
          interval={interval}
          hasGaps={holes.length > 0}
        />
      </div>
      <Canvas model={model} plotted={plotted} marked={marked.value} goLive={goLive} />
      <GapList
        holes={inView}
        zone={zone.value}
        mark={mark}
        centre={(hole) => plot.peek()?.centreOfHole(hole)}
      />
      {isTable.value && (
        <ChartTable
          symbol={symbol}
          interval={interval}
          zone={zone.value}
          bars={model?.source.bars.value ?? []}
          holes={holes}
        />
      )}
    </section>
  )
}

const choose = (interval: Interval) => go('market', { interval })

/** What can be done from anywhere on the page. */
function useActions({ plot }: Plotted, isTable: Signal<boolean>, at: string | null) {
  const goLive = () => {
    if (at !== null) go('market', { at: null }, { replace: true })
    plot.peek()?.follow()
  }
  const toggleTable = () => {
    isTable.value = !isTable.peek()
  }
  useKeys([
    ...CHOICES.map((choice, i) => ({
      keys: String(i + 1),
      does: `Chart: bars of ${INTERVAL_WORDS[choice]}`,
      run: () => choose(choice),
    })),
    { keys: 'l', does: 'Chart: go live', run: goLive },
    { keys: 't', does: 'Chart: as table', run: toggleTable },
  ])
  return { goLive, toggleTable }
}

type Queried = {
  readonly symbol: string
  readonly interval: Interval
  readonly slots: readonly Slot[]
  readonly view: View | null
}

/** Opens the SQL page with the bars in view. */
function query({ symbol, interval, slots, view }: Queried): void {
  const shown = slots.slice(Math.max(0, view?.first ?? 0), (view?.last ?? slots.length) + 1)
  const width = WIDTH_MS[interval]
  const bucketOf = (seconds = Date.now() / 1000) => Math.floor((seconds * 1000) / width) * width
  const fromMs = bucketOf(shown[0]?.time)
  const toMs = bucketOf(shown.at(-1)?.time) + width
  go('sql', { q: statementOf({ symbol, interval, fromMs, toMs }), run: '1' })
}

/** Moves the view to the moment that was asked for, once it is loaded; and back when none is asked for any more. */
function useAim(model: Model | null, { plot }: Plotted, atMs: number | null): void {
  const aimed = useRef<{ readonly model: Model | null; readonly atMs: number | null } | null>(null)
  const slots = model?.slots.value ?? []
  const shown = plot.value
  useLayoutEffect(() => {
    const last = aimed.current
    const fromMs = model?.source.span.peek()?.fromMs ?? Number.POSITIVE_INFINITY
    if (shown === null || slots.length === 0 || (atMs !== null && atMs < fromMs)) return
    if (last !== null && last.model === model && last.atMs === atMs) return
    aimed.current = { model, atMs }
    if (atMs !== null) {
      const found = slots.findIndex(({ toMs }) => toMs > atMs)
      shown.centre(found === -1 ? slots.length - 1 : found)
    } else if (last !== null && last.model === model) shown.follow()
  })
}
