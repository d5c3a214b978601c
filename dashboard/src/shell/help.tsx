import type { JSX } from 'preact'
import { pressesOf } from '../chords.ts'
import { shortcutsNow } from '../keys.ts'
import { Dialog } from './dialog.tsx'
import { closed } from './opened.ts'

/** Every shortcut in effect, those of the page first. */
export function Help(): JSX.Element {
  return (
    <Dialog title="Keyboard shortcuts" close={closed('help')}>
      <table class="table help">
        <thead>
          <tr>
            <th scope="col">Keys</th>
            <th scope="col">What they do</th>
          </tr>
        </thead>
        <tbody>
          {shortcutsNow().map(({ keys, does }) => (
            <tr key={keys}>
              <td>
                <Keys keys={keys} />
              </td>
              <td>{does}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Dialog>
  )
}

/** 'g m' as two keys in order, 'Ctrl+K' as two at once. */
export function Keys({ keys }: { keys: string }): JSX.Element {
  return (
    <span class="keys">
      {pressesOf(keys).map((press, i) => (
        <span key={press} class="keys">
          {i > 0 && <span class="muted">then</span>}
          {(press === '+' ? ['+'] : press.split('+')).map((key) => (
            <kbd key={key}>{key.length === 1 && press.length > 1 ? key.toUpperCase() : key}</kbd>
          ))}
        </span>
      ))}
    </span>
  )
}
