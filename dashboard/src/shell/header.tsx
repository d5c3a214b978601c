import type { JSX } from 'preact'
import { PAGES, route } from '../route.ts'
import { THEMES, theme, type Theme } from '../theme.ts'
import { zone, zoneLabel, ZONES } from '../zone.ts'
import { Icon } from './icon.tsx'
import { PageLink } from './link.tsx'
import { openHelp, openPalette } from './opened.ts'
import { TITLES } from './titles.ts'

export function Header(): JSX.Element {
  return (
    <header class="header">
      <PageLink page="market" class="brand" aria-label="ticklake, to the market">
        <Mark />
        <span class="brand-name">ticklake</span>
      </PageLink>
      <nav class="nav" aria-label="Pages">
        {PAGES.map((page) => (
          <PageLink
            key={page}
            page={page}
            {...(route.value.page === page ? { 'aria-current': 'page' as const } : {})}
          >
            {TITLES[page]}
          </PageLink>
        ))}
      </nav>
      <div class="header-tools">
        <button
          type="button"
          class="find"
          title="Find a symbol, page or action"
          aria-keyshortcuts="Control+K"
          onClick={openPalette}
        >
          <Icon name="search" />
          <span class="find-text">Find</span>
          <kbd class="find-keys" aria-hidden="true">
            Ctrl K
          </kbd>
        </button>
        <ZoneSwitch />
        <ThemeSwitch />
        <button
          type="button"
          class="quiet icon help-button"
          aria-label="Keyboard shortcuts"
          aria-keyshortcuts="?"
          title="Keyboard shortcuts"
          onClick={openHelp}
        >
          ?
        </button>
      </div>
    </header>
  )
}

function ZoneSwitch(): JSX.Element {
  return (
    <select
      class="zone-switch"
      aria-label="Time zone of all times"
      title="Time zone of all times"
      value={zone.value}
      onChange={({ currentTarget }) => {
        zone.value = ZONES.find((name) => name === currentTarget.value) ?? 'new_york'
      }}
    >
      {ZONES.map((name) => (
        <option key={name} value={name}>
          {name === 'local' ? `Local: ${zoneLabel(name)}` : zoneLabel(name)}
        </option>
      ))}
    </select>
  )
}

const NAMES: Readonly<Record<Theme, string>> = {
  system: 'as the system',
  light: 'light',
  dark: 'dark',
}

function ThemeSwitch(): JSX.Element {
  const next = THEMES[(THEMES.indexOf(theme.value) + 1) % THEMES.length] ?? 'system'
  const label = `Colours: ${NAMES[theme.value]}. Change to ${NAMES[next]}`
  return (
    <button
      type="button"
      class="quiet icon"
      aria-label={label}
      title={label}
      onClick={() => {
        theme.value = next
      }}
    >
      <Icon name={theme.value} />
    </button>
  )
}

/** The sign of the product: three candles. */
function Mark(): JSX.Element {
  return (
    <svg class="mark" viewBox="0 0 32 32" width="22" height="22" aria-hidden="true">
      <rect width="32" height="32" rx="7" />
      <path d="M9 8v17M16 6v15M23 10v15M9 13.5v5M16 10.5v5M23 15.5v4" />
    </svg>
  )
}
