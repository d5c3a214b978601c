import { computed, type ReadonlySignal } from '@preact/signals'
import { signedOut } from '../api.ts'
import { socket } from '../socket.ts'
import { status } from '../status.ts'
import { standingOf, type Standing } from './words.ts'

/** How things are now; changes only when what it says does. */
export const standing: ReadonlySignal<Standing> = computed(() =>
  standingOf(status.value, { state: socket.value.state, signedOut: signedOut.value }),
)
