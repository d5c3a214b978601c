import type { JSX } from 'preact'

/** Drawn on 16 × 16, one stroke of 1.5 unless it is a shape. */
const STROKES = {
  search: 'M7 12A5 5 0 1 0 7 2a5 5 0 0 0 0 10ZM10.6 10.6 14 14',
  light:
    'M8 11a3 3 0 1 0 0-6 3 3 0 0 0 0 6ZM8 1v1.5M8 13.5V15M1 8h1.5M13.5 8H15M3 3l1 1M12 12l1 1M13 3l-1 1M4 12l-1 1',
  dark: 'M13.5 9.8A6 6 0 1 1 6.2 2.5a4.8 4.8 0 0 0 7.3 7.3Z',
  system: 'M1.5 3h13v8.5h-13zM5.5 14h5M8 11.5V14',
  close: 'M3.5 3.5l9 9M12.5 3.5l-9 9',
  arrow: 'M2 8h11M9 4l4 4-4 4',
  down: 'M3.5 6 8 10.5 12.5 6',
  up: 'M3.5 10 8 5.5 12.5 10',
  left: 'M10 3.5 5.5 8l4.5 4.5',
  right: 'M6 3.5 10.5 8 6 12.5',
  gap: 'M1.5 8H5M11 8h3.5M5 4.5v7M11 4.5v7',
  pause: 'M5.5 3v10M10.5 3v10',
  refresh: 'M13.5 8A5.5 5.5 0 1 1 11.6 3.8M13.5 1.5v3.2h-3.2',
} as const
const SHAPES = {
  dot: 'M8 12.5a4.5 4.5 0 1 0 0-9 4.5 4.5 0 0 0 0 9Z',
  diamond: 'M8 2.5 13.5 8 8 13.5 2.5 8Z',
  triangle: 'M8 2.5 14.5 13.5h-13Z',
  moon: 'M13.5 9.8A6 6 0 1 1 6.2 2.5a4.8 4.8 0 0 0 7.3 7.3Z',
  cross:
    'M3.9 2.5 8 6.6l4.1-4.1 1.4 1.4L9.4 8l4.1 4.1-1.4 1.4L8 9.4l-4.1 4.1-1.4-1.4L6.6 8 2.5 3.9Z',
  ring: 'M8 2.5a5.5 5.5 0 1 1 0 11 5.5 5.5 0 0 1 0-11Zm0 2.2a3.3 3.3 0 1 0 0 6.6 3.3 3.3 0 0 0 0-6.6Z',
  play: 'M4.5 2.5v11l9-5.5Z',
} as const
export type IconName = keyof typeof STROKES | keyof typeof SHAPES

const isStroke = (name: IconName): name is keyof typeof STROKES => name in STROKES

/** Says nothing to a screen reader: a word stands beside it, or the button has a label. */
export function Icon({ name, size = 16 }: { name: IconName; size?: number }): JSX.Element {
  const stroked = { fill: 'none', stroke: 'currentColor', 'stroke-width': 1.5 } as const
  const drawn = isStroke(name)
    ? { d: STROKES[name], ...stroked, 'stroke-linecap': 'round', 'stroke-linejoin': 'round' }
    : { d: SHAPES[name], fill: 'currentColor', 'fill-rule': 'evenodd' }
  return (
    <svg viewBox="0 0 16 16" width={size} height={size} aria-hidden="true" focusable="false">
      <path {...(drawn as JSX.IntrinsicElements['path'])} />
    </svg>
  )
}
