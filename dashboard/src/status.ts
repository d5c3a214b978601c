import { signal, type ReadonlySignal } from '@preact/signals'
import type { Status } from '../../src/serve/contract/status.ts'
import { told } from './socket.ts'

const TICK_MS = 1000

const current = signal<Status | null>(null)
/** As the server told it last, each second; null: it has not yet. */
export const status: ReadonlySignal<Status | null> = current

/** The server's clock minus this one's: ages are told by the server's. */
let aheadMs = 0
const now = signal(Date.now())
/** The server's time, ms, each second anew: ages that are shown go on by it. */
export const serverNow: ReadonlySignal<number> = now

const tick = () => {
  now.value = Date.now() + aheadMs
}
setInterval(tick, TICK_MS)

let loadedVersion: string | null = null
const replaced = signal(false)
/** The server is another version than the one that this page came from. */
export const isReplaced: ReadonlySignal<boolean> = replaced

told('status', (message) => {
  loadedVersion ??= message.status.version
  replaced.value = message.status.version !== loadedVersion
  current.value = message.status
  const asOfMs = Date.parse(message.status.as_of)
  if (!Number.isFinite(asOfMs)) return
  aheadMs = asOfMs - Date.now()
  tick()
})
