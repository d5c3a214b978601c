import type { JSX } from 'preact'
import { signedOut } from '../api.ts'
import { connectNow, socket } from '../socket.ts'
import { isReplaced, status } from '../status.ts'
import { showTime, zone, zoneLabel } from '../zone.ts'

/** Says that the numbers on the page are old, and since when. */
export function Lost(): JSX.Element | null {
  if (signedOut.value)
    return (
      <div class="banner bad" role="alert">
        <span>The server asks for its token again: nothing here is told anew.</span>
        <a href={location.href}>Load the page again to sign in</a>
      </div>
    )
  const { state, since } = socket.value
  if (state !== 'lost') return isReplaced.value ? <Replaced /> : null
  const asOf =
    status.value === null
      ? 'There is nothing to show yet'
      : `Numbers are as of ${showTime(since, 'moment')} ${zoneLabel(zone.value)}`
  return (
    <div class="banner bad" role="alert">
      <span>
        <strong>Connection to the server lost.</strong> {asOf}; connecting again.
      </span>
      <button type="button" onClick={connectNow}>
        Connect now
      </button>
    </div>
  )
}

function Replaced(): JSX.Element {
  return (
    <div class="banner" role="status">
      <span>The server is now of another version than this page.</span>
      <button type="button" onClick={() => location.reload()}>
        Load the page again
      </button>
    </div>
  )
}
