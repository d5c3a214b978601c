import type { IPrimitivePaneView, ISeriesPrimitive, Logical } from 'lightweight-charts'
import type { Hole } from './holes.ts'
import type { Palette } from './palette.ts'
import { reach, type Extent, type Slot } from './slots.ts'

/** Between two lines of the hatch, px. */
const HATCH_PX = 7
/** A gap that is short for the width is still seen. */
const HATCH_WIDTH_PX_MIN = 4
/** A narrower one has thin edges, so that its lines are seen. */
const EDGE_WIDTH_PX_MIN = 12
/** A narrower one has no word in it. */
const WORD_WIDTH_PX_MIN = 44

export type Drawn = { readonly hole: Hole; readonly extent: Extent }

/** What lies behind the candles: the sessions' shades, and hatching where the recorder has gaps. */
export type Ground = {
  readonly primitive: ISeriesPrimitive
  show(slots: readonly Slot[], holes: readonly Hole[]): void
  /** Draws this gap stronger; null: none. */
  mark(hole: Hole | null): void
  /** The gap under a place, px from the left. */
  holeAt(x: number): Hole | null
  /** Those in view, oldest first. */
  visible(): readonly Hole[]
  /** Where a gap lies now, in slots. */
  extentOf(hole: Hole): Extent | null
}

type Attached = {
  readonly xOf: (slots: number) => number
  readonly width: () => number
  readonly update: () => void
}
type Context = CanvasRenderingContext2D

export function createGround(palette: Palette): Ground {
  let slots: readonly Slot[] = []
  let drawn: readonly Drawn[] = []
  let marked: Hole | null = null
  let attached: Attached | null = null

  const boxOf = ({ extent }: Drawn, { xOf }: Attached) => {
    const [left, right] = [xOf(extent.from), xOf(extent.to)]
    const spare = Math.max(0, HATCH_WIDTH_PX_MIN - (right - left)) / 2
    return { left: left - spare, right: right + spare }
  }
  const inView = (it: Attached) =>
    drawn
      .map((one) => ({ ...one, box: boxOf(one, it) }))
      .filter(({ box }) => box.right >= 0 && box.left <= it.width())

  const paint = (context: Context, height: number, it: Attached) => {
    paintShades(context, height, { slots, palette, it })
    const boxes = inView(it)
    for (const box of touching(boxes.map(({ box }) => box)))
      paintHatch(context, { ...box, height, palette, isMarked: false })
    const found = boxes.find(({ hole }) => isSameHole(hole, marked))
    if (found !== undefined) paintHatch(context, { ...found.box, height, palette, isMarked: true })
  }
  const view: IPrimitivePaneView = {
    zOrder: () => 'bottom',
    renderer: () => ({
      draw: (target) =>
        target.useMediaCoordinateSpace(({ context, mediaSize }) => {
          if (attached !== null) paint(context, mediaSize.height, attached)
        }),
    }),
  }

  return {
    primitive: {
      attached({ chart, requestUpdate }) {
        const scale = chart.timeScale()
        const centre = (index: number) => scale.logicalToCoordinate(index as Logical) ?? 0
        attached = {
          // The left border of place 0 is half a place before its middle.
          xOf: (at) => centre(0) + (centre(1) - centre(0)) * (at - 0.5),
          width: () => scale.width(),
          update: requestUpdate,
        }
      },
      detached: () => void (attached = null),
      paneViews: () => [view],
    },
    show(freshSlots, holes) {
      slots = freshSlots
      drawn = holes.flatMap((hole) => {
        const extent = reach(freshSlots, hole)
        return extent === null ? [] : [{ hole, extent }]
      })
      attached?.update()
    },
    mark(hole) {
      marked = hole
      attached?.update()
    },
    holeAt(x) {
      if (attached === null) return null
      const found = inView(attached).find(({ box }) => x >= box.left && x <= box.right)
      return found?.hole ?? null
    },
    visible: () => (attached === null ? [] : inView(attached).map(({ hole }) => hole)),
    extentOf: (hole) => drawn.find((one) => isSameHole(one.hole, hole))?.extent ?? null,
  }
}

/** The end of an open gap moves; its beginning says which it is. */
export const isSameHole = (a: Hole, b: Hole | null): boolean =>
  b !== null &&
  a.fromMs === b.fromMs &&
  a.cause === b.cause &&
  String(a.symbols) === String(b.symbols)

type Box = { readonly left: number; readonly right: number }

/** Boxes that touch each other as one: many short gaps in a narrow place are still hatching. */
function touching(boxes: readonly Box[]): readonly Box[] {
  const out: Box[] = []
  for (const { left, right } of boxes.toSorted((a, b) => a.left - b.left)) {
    const last = out.at(-1)
    if (last === undefined || left > last.right + 1) out.push({ left, right })
    else out[out.length - 1] = { left: last.left, right: Math.max(last.right, right) }
  }
  return out
}

type Shaded = { readonly slots: readonly Slot[]; readonly palette: Palette; readonly it: Attached }

function paintShades(context: Context, height: number, { slots, palette, it }: Shaded): void {
  const placePx = it.xOf(1) - it.xOf(0)
  if (placePx <= 0) return
  const at = (x: number) => Math.floor((x - it.xOf(0)) / placePx)
  const last = Math.min(slots.length - 1, at(it.width()))
  let from = Math.max(0, at(0))
  for (let i = from; i <= last; i++) {
    const shade = slots[i]?.shade
    if (slots[i + 1]?.shade === shade && i < last) continue
    if (shade === 'pre' || shade === 'post') {
      context.fillStyle = palette[shade]
      context.fillRect(it.xOf(from), 0, it.xOf(i + 1) - it.xOf(from), height)
    }
    from = i + 1
  }
}

type Hatched = Box & {
  readonly height: number
  readonly palette: Palette
  readonly isMarked: boolean
}

function paintHatch(context: Context, { left, right, height, palette, isMarked }: Hatched): void {
  context.save()
  context.beginPath()
  context.rect(left, 0, right - left, height)
  context.clip()
  context.fillStyle = palette.hatchGround
  context.fillRect(left, 0, right - left, height)
  context.strokeStyle = palette.hatch
  context.lineWidth = isMarked ? 2 : 1
  context.beginPath()
  // Lines that keep their place when the chart is moved, from where the gap begins.
  const first = left - Math.ceil(height / HATCH_PX) * HATCH_PX
  for (let x = first; x < right; x += HATCH_PX) {
    if (x + height < 0) continue
    context.moveTo(x, height)
    context.lineTo(x + height, 0)
  }
  context.stroke()
  context.lineWidth = isMarked ? 4 : right - left < EDGE_WIDTH_PX_MIN ? 1 : 2
  context.strokeRect(left, -2, right - left, height + 4)
  if (right - left >= WORD_WIDTH_PX_MIN) paintWord(context, (left + right) / 2, palette)
  context.restore()
}

function paintWord(context: Context, middle: number, palette: Palette): void {
  context.font = `600 11px ${palette.font}`
  context.textAlign = 'center'
  context.textBaseline = 'middle'
  context.fillStyle = palette.surface
  context.fillRect(middle - 16, 6, 32, 18)
  context.fillStyle = palette.text
  context.fillText('gap', middle, 15)
}
