import { computed, effect, signal, type ReadonlySignal, type Signal } from '@preact/signals'
import { keep, kept } from './kept.ts'

export const THEMES = ['system', 'light', 'dark'] as const
export type Theme = (typeof THEMES)[number]

const DARK = matchMedia('(prefers-color-scheme: dark)')
const systemIsDark = signal(DARK.matches)
DARK.addEventListener('change', ({ matches }) => {
  systemIsDark.value = matches
})

/** What was chosen; kept in this browser. */
export const theme: Signal<Theme> = signal(kept('theme', THEMES) ?? 'system')

/** What is shown. When it changes, the colours of tokens.css already have. */
export const shownTheme: ReadonlySignal<'light' | 'dark'> = computed(() => {
  if (theme.value !== 'system') return theme.value
  return systemIsDark.value ? 'dark' : 'light'
})

effect(() => {
  keep('theme', theme.value)
  document.documentElement.dataset['theme'] = shownTheme.value
})

/** The value of a colour of tokens.css now, for what draws by itself: `colour('--up')`. */
export const colour = (name: `--${string}`): string =>
  getComputedStyle(document.documentElement).getPropertyValue(name).trim()
