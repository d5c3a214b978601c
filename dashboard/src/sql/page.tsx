import type { JSX } from 'preact'

export function SqlPage(): JSX.Element {
  return <p class="empty">SQL is not there yet.</p>
}
