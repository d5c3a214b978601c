import { useSignalEffect } from '@preact/signals'
import type { JSX } from 'preact'
import { announce, announced } from '../notice.ts'
import { route } from '../route.ts'
import { socket } from '../socket.ts'
import { Strip } from '../strip/strip.tsx'
import { standing } from '../strip/standing.ts'
import { Header } from './header.tsx'
import { Help } from './help.tsx'
import { Lost } from './lost.tsx'
import { opened } from './opened.ts'
import { PageView } from './pages.tsx'
import { Palette } from './palette.tsx'
import { TITLES } from './titles.ts'

export function App(): JSX.Element {
  const { page } = route.value
  useSignalEffect(() => {
    document.title = `${standing.value.name} · ${TITLES[route.value.page]} · ticklake`
  })
  useSignalEffect(() => {
    document.documentElement.classList.toggle('is-lost', socket.value.state === 'lost')
  })
  useSignalEffect(() => announce(`Recorder: ${standing.value.name}`))
  return (
    <div class="app">
      <a class="skip" href="#main">
        Skip to the page
      </a>
      <Header />
      <Lost />
      <Strip />
      <main class="page" id="main" tabindex={-1}>
        <h1 class="hidden-text">{TITLES[page]}</h1>
        <PageView page={page} />
      </main>
      <Announcer />
      {opened.value === 'palette' && <Palette />}
      {opened.value === 'help' && <Help />}
    </div>
  )
}

/** The same text twice is said twice: a space makes it another. */
function Announcer(): JSX.Element {
  const { text, order } = announced.value
  return (
    <p class="hidden-text" role="status" aria-live="polite">
      {order % 2 === 0 ? text : `${text}\u00a0`}
    </p>
  )
}
