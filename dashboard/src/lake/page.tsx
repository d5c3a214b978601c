import type { JSX } from 'preact'

export function LakePage(): JSX.Element {
  return <p class="empty">Lake is not there yet.</p>
}
