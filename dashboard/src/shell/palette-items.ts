import type { Shortcut } from '../keys.ts'
import { showChange, showPrice } from '../format.ts'
import { go, PAGES, visit } from '../route.ts'
import { THEMES, theme } from '../theme.ts'
import { zone, zoneLabel, ZONES } from '../zone.ts'
import { found, type Item } from './found.ts'
import { openPalette } from './opened.ts'
import { TITLES } from './titles.ts'
import type { SymbolsFound } from './symbols-found.ts'

/** What the palette lists for a query: symbols first where one was typed. */
export function itemsFor(
  query: string,
  { symbols }: SymbolsFound,
  shortcuts: readonly Shortcut[],
): readonly Item[] {
  const ofSymbols = symbols.map(({ symbol, last, change }): Item => ({
    group: 'Symbols',
    text: symbol,
    note: last === null ? '' : `${showPrice(last)}  ${change === null ? '' : showChange(change)}`,
    run: () => go('market', { symbol }),
  }))
  const pages = found(pageItems(), query)
  const actions = found([...shortcutItems(shortcuts), ...settingItems()], query)
  const matching = found(ofSymbols, query)
  return query.trim() === ''
    ? [...pages, ...ofSymbols, ...actions]
    : [...matching, ...pages, ...actions]
}

const pageItems = (): readonly Item[] =>
  PAGES.map((page) => ({
    group: 'Pages',
    text: `Go to ${TITLES[page]}`,
    keys: `g ${page.slice(0, 1)}`,
    run: () => visit(page),
  }))

const shortcutItems = (shortcuts: readonly Shortcut[]): readonly Item[] =>
  shortcuts
    .filter(({ keys, run }) => !/^g [msl]$/.test(keys) && run !== openPalette)
    .map(({ keys, does, run }) => ({ group: 'Actions', text: does, keys, run }))

const settingItems = (): readonly Item[] => [
  ...ZONES.map((name): Item => ({
    group: 'Actions',
    text: `Show times in ${name === 'local' ? `local time, ${zoneLabel(name)}` : zoneLabel(name)}`,
    run: () => void (zone.value = name),
  })),
  ...THEMES.map((name): Item => ({
    group: 'Actions',
    text: name === 'system' ? 'Colours as the system has them' : `Colours: ${name}`,
    run: () => void (theme.value = name),
  })),
]
