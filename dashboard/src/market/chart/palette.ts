/** The page's colours as rgba(…), which the canvas and the chart library both read. */
export type Palette = {
  readonly text: string
  readonly muted: string
  readonly line: string
  readonly up: string
  readonly down: string
  readonly accent: string
  readonly surface: string
  readonly pre: string
  readonly post: string
  readonly hatch: string
  readonly hatchGround: string
  readonly upVolume: string
  readonly downVolume: string
  readonly flatVolume: string
  readonly font: string
}

type Rgb = readonly [number, number, number]

/** Reads the tokens as they are for `element` now; ask again when the theme changes. */
export function readPalette(element: HTMLElement): Palette {
  const style = getComputedStyle(element)
  const token = (name: string, otherwise: string): Rgb =>
    rgbOf(style.getPropertyValue(name).trim() || otherwise)
  const [text, muted] = [token('--text', '#222'), token('--text-muted', '#666')]
  const [up, down, warn] = [token('--up', '#080'), token('--down', '#c00'), token('--warn', '#a60')]
  const accent = token('--accent', '#06c')
  return {
    text: rgba(text, 1),
    muted: rgba(muted, 1),
    line: rgba(token('--line', '#ddd'), 0.6),
    up: rgba(up, 1),
    down: rgba(down, 1),
    accent: rgba(accent, 1),
    surface: rgba(token('--surface', '#fff'), 1),
    pre: rgba(accent, 0.07),
    post: rgba(muted, 0.12),
    hatch: rgba(warn, 0.75),
    hatchGround: rgba(warn, 0.1),
    upVolume: rgba(up, 0.45),
    downVolume: rgba(down, 0.45),
    flatVolume: rgba(muted, 0.45),
    font: style.fontFamily,
  }
}

/** Calls when the colours may have changed; returns what ends it. */
export function onTheme(changed: () => void): () => void {
  const dark = matchMedia('(prefers-color-scheme: dark)')
  const observer = new MutationObserver(changed)
  observer.observe(document.documentElement, { attributes: true, attributeFilter: ['data-theme'] })
  dark.addEventListener('change', changed)
  return () => {
    observer.disconnect()
    dark.removeEventListener('change', changed)
  }
}

/** Whatever notation the token has, a canvas turns it into bytes. */
function rgbOf(color: string): Rgb {
  const canvas = document.createElement('canvas')
  canvas.width = canvas.height = 1
  const context = canvas.getContext('2d')
  if (context === null) return [128, 128, 128]
  context.fillStyle = color
  context.fillRect(0, 0, 1, 1)
  const [red = 128, green = 128, blue = 128] = context.getImageData(0, 0, 1, 1).data
  return [red, green, blue]
}

const rgba = ([red, green, blue]: Rgb, alpha: number): string =>
  `rgba(${red}, ${green}, ${blue}, ${alpha})`
