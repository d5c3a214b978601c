import { useSignal } from '@preact/signals'
import { useRef } from 'preact/hooks'
import { announce } from '../../notice.ts'
import { zone } from '../../zone.ts'
import type { Hole } from './holes.ts'
import { Instead, Trouble } from './instead.tsx'
import type { Model } from './model.ts'
import type { Plot } from './plot.ts'
import { Tip } from './tip.tsx'
import type { Plotted } from './use-plot.ts'
import { barText, summaryOf } from './wording.ts'

const ZOOM = 1.25
/** After a key the chart has moved, and is read out again. */
const READ_AGAIN_MS = 400

export type CanvasProps = {
  readonly model: Model | null
  readonly plotted: Plotted
  /** A gap that the list points at. */
  readonly marked: Hole | null
  readonly goLive: () => void
}

/** The picture, with its keys, its tip, and what stands there while there is nothing to draw. */
export function Canvas({ model, plotted, marked, goLive }: CanvasProps) {
  const { host, plot, looking, pointed } = plotted
  const at = pointed.value?.at ?? null
  const under = at === null ? null : (plot.value?.holeAt(at.x) ?? null)
  const isDrawn = (model?.slots.value.length ?? 0) > 0
  const isLive = model?.source.isLive.value ?? true
  const isAway = !isLive || (isDrawn && !looking.value.isFollowing)
  return (
    <div class="chart-box">
      <Host model={model} plotted={plotted} goLive={goLive} />
      <p id="chart-hint" class="hidden-text">
        Arrow keys move in time, with Shift from bar to bar; plus and minus zoom; Home goes to the
        oldest bar that is loaded, End to the newest. The same as a table: key t.
      </p>
      {!isDrawn && <Instead model={model} />}
      {model !== null && <Trouble source={model.source} />}
      <Tip
        hole={under ?? marked}
        x={under === null ? null : (at?.x ?? null)}
        width={host.current?.clientWidth ?? 0}
        zone={zone.value}
      />
      {isAway && (
        <button type="button" class="chart-live" onClick={goLive}>
          Go live <span aria-hidden="true">→</span>
        </button>
      )}
    </div>
  )
}

/** What has the focus. A name that changed with each trade would be read out without end: it stays while focused. */
function Host({ model, plotted, goLive }: Omit<CanvasProps, 'marked'>) {
  const { host, plot, pointed } = plotted
  const summary = useSummary(model, plotted)
  const latest = useRef(summary)
  latest.current = summary
  const held = useSignal<string | null>(null)
  const keydown = (event: KeyboardEvent) => {
    const shown = plot.peek()
    if (shown === null || event.target !== event.currentTarget) return
    if (!press(event, shown, goLive)) return
    event.preventDefault()
    const slot = model?.slots.peek()[pointed.peek()?.slot ?? -1]
    if (event.shiftKey && slot !== undefined && model !== null)
      announce(barText(slot, model.source.asked.interval, zone.peek()))
    setTimeout(() => {
      if (held.peek() !== null) held.value = latest.current
    }, READ_AGAIN_MS)
  }
  return (
    <div
      class="chart-host"
      data-bars={model?.slots.value.length ?? 0}
      ref={host}
      tabIndex={0}
      role="application"
      aria-roledescription="chart"
      aria-label={held.value ?? summary}
      aria-describedby="chart-hint"
      aria-busy={model === null || model.source.span.value === null}
      onKeyDown={keydown}
      onFocus={({ currentTarget }) => {
        if (currentTarget.matches(':focus-visible')) held.value = summary
      }}
      onBlur={() => (held.value = null)}
    />
  )
}

function useSummary(model: Model | null, { plot, looking }: Plotted): string {
  const { view } = looking.value
  if (model === null) return 'Chart'
  const slots = model.slots.value
  return summaryOf({
    ...model.source.asked,
    zone: zone.value,
    slots: view === null ? slots : slots.slice(Math.max(0, view.first), view.last + 1),
    holes: view === null ? 0 : (plot.value?.visible().length ?? 0),
  })
}

/** What a key does to the chart; false: nothing. */
function press(
  { key, shiftKey, ctrlKey, altKey, metaKey }: KeyboardEvent,
  plot: Plot,
  goLive: () => void,
) {
  if (ctrlKey || altKey || metaKey) return false
  const direction = key === 'ArrowLeft' ? -1 : key === 'ArrowRight' ? 1 : null
  if (direction !== null && shiftKey) plot.step(direction)
  else if (direction !== null) plot.pan(direction)
  else if (key === '+' || key === '=') plot.zoom(ZOOM)
  else if (key === '-' || key === '_') plot.zoom(1 / ZOOM)
  else if (key === 'Home') plot.start()
  else if (key === 'End') goLive()
  else if (key === 'Escape') plot.unpoint()
  else return false
  return true
}
