import './main.css'
import { render } from 'preact'
import { holdKeys } from './keys.ts'
import { visit } from './route.ts'
import { App } from './shell/app.tsx'
import { openHelp, openPalette } from './shell/opened.ts'

const SHORTCUTS = [
  { keys: 'g m', does: 'Go to Market', run: () => visit('market') },
  { keys: 'g s', does: 'Go to SQL', run: () => visit('sql') },
  { keys: 'g l', does: 'Go to Lake', run: () => visit('lake') },
  { keys: 'Ctrl+K', does: 'Find a symbol, page or action', run: openPalette },
  { keys: '?', does: 'Show the keyboard shortcuts', run: openHelp },
] as const
holdKeys(() => SHORTCUTS)

const root = document.querySelector('#root')
if (root !== null) render(<App />, root)
