import { effect, signal, type ReadonlySignal } from '@preact/signals'
import type { Gap, GapsAnswer } from '../../../../src/serve/contract/market.ts'
import { ask, ApiFault } from '../../api.ts'
import { reconnected } from '../../socket.ts'
import { status } from '../../status.ts'
import type { Range } from './placed.ts'

/** Reasons to ask come together. */
const WAIT_MS = 200
const RETRY_MS = 3000
/** How often they are asked for while one is open or the recorder is not well. */
const AGAIN_MS = 5000
const WELL = ['Live', 'Simulated', 'Market closed']

export type GapSource = {
  readonly found: ReadonlySignal<readonly Gap[]>
  ask(): void
  close(): void
}

/** Gaps of what is loaded, asked for again when there is reason to think they changed. */
export function createGapSource(symbol: string, loaded: ReadonlySignal<Range | null>): GapSource {
  const found = signal<readonly Gap[]>([])
  const closing = new AbortController()
  let timer: ReturnType<typeof setTimeout> | undefined
  let isAsking = false

  const put = async () => {
    const text = (ms: number) => (Number.isFinite(ms) ? new Date(ms).toISOString() : undefined)
    const range = loaded.peek()
    if (range === null) return
    isAsking = true
    try {
      const params = { symbol, from: text(range.fromMs), to: text(range.toMs) }
      const { gaps } = await ask<GapsAnswer>('/api/gaps', { params, signal: closing.signal })
      if (JSON.stringify(found.peek()) !== JSON.stringify(gaps)) found.value = gaps
    } catch (error) {
      if (closing.signal.aborted) return
      if (!(error instanceof ApiFault)) throw error
      later(RETRY_MS)
    } finally {
      isAsking = false
    }
  }
  const later = (ms: number) => {
    clearTimeout(timer)
    timer = setTimeout(() => (isAsking ? later(WAIT_MS) : void put()), ms)
  }
  const again = setInterval(() => {
    const isWell = WELL.includes(status.peek()?.state.name ?? '')
    if (!isWell || found.peek().some(({ open }) => open)) later(0)
  }, AGAIN_MS)
  let signs = ''
  const unwatch = effect(() => {
    const latest = status.value?.gaps_today.latest ?? []
    const fresh = JSON.stringify([
      latest.map(({ from, open, to }) => [from, open ? null : to]),
      loaded.value?.fromMs,
      String(loaded.value?.toMs), // Infinity while live, which JSON has no word for
      reconnected.value,
    ])
    if (fresh !== signs) later(WAIT_MS)
    signs = fresh
  })

  return {
    found,
    ask: () => later(0),
    close() {
      closing.abort()
      unwatch()
      clearTimeout(timer)
      clearInterval(again)
    },
  }
}
