import type { ReadonlySignal } from '@preact/signals'
import type { TradesAnswer } from '../../../../src/serve/contract/market.ts'
import { ApiFault, ask } from '../../api.ts'
import { reconnected, say, told } from '../../socket.ts'
import { createTape, type Tape } from './tape.ts'

/** Older trades asked for at once: some screens. */
const PAGE_ROWS = 200
/** A server that has not said by then what came last is not waited for: the lake is asked. */
const FIRST_WORD_MS = 1500

export type Following = {
  readonly tape: Tape
  /** True once the stream or the lake has answered. */
  heard(): boolean
  asking(): boolean
  /** Why older trades could not be read; null: they could, or nobody asked. */
  fault(): ApiFault | null
  /** Reads on below, unless it is under way or there is no more. */
  readOn(): void
  stop(): void
}

/** Follows the trades of `symbol` ('' for all). `draw` is called at most once per frame, after changes. */
export function followTrades(symbol: string, draw: () => void): Following {
  const tape = createTape()
  const aborting = new AbortController()
  let frame = 0
  let heard = false
  let asking = false
  let fault: ApiFault | null = null
  const change = () => {
    frame ||= requestAnimationFrame(() => {
      frame = 0
      draw()
    })
  }
  const listen = () => {
    heard = true
    change()
  }
  const readOn = () => {
    const older = asking ? null : tape.older()
    if (older === null) return
    asking = true
    fault = null
    change()
    read(symbol, older.before, aborting.signal)
      .then(
        (answer) => tape.takeOlder(answer),
        (error: unknown) => void (fault = faultOf(error)),
      )
      .finally(() => {
        asking = false
        listen()
      })
  }
  const timer = setTimeout(listen, FIRST_WORD_MS)
  const ends = [
    told('trades', (batch) => {
      if (batch.symbol !== symbol) return
      tape.take(batch)
      listen()
    }),
    told('behind', ({ dropped }) => tape.interrupt({ updates: dropped })),
    afterEach(reconnected, () => tape.interrupt({ updates: null })),
  ]
  say({ kind: 'trades', symbol })
  return {
    tape,
    heard: () => heard,
    asking: () => asking,
    fault: () => fault,
    readOn,
    stop: () => {
      for (const end of ends) end()
      clearTimeout(timer)
      cancelAnimationFrame(frame)
      aborting.abort()
      say({ kind: 'trades', symbol: null })
    },
  }
}

function read(symbol: string, before: string | null, signal: AbortSignal): Promise<TradesAnswer> {
  const params = {
    symbol: symbol === '' ? undefined : symbol,
    before: before ?? undefined,
    limit: PAGE_ROWS,
  }
  return ask<TradesAnswer>('/api/trades', { params, signal })
}

const faultOf = (error: unknown): ApiFault | null => {
  if (error instanceof ApiFault) return error
  if (error instanceof Error && error.name === 'AbortError') return null
  throw error
}

/** Calls `then` at each reconnect, not for those before. */
function afterEach(count: ReadonlySignal<number>, then: () => void): () => void {
  let before = count.peek()
  return count.subscribe((now) => {
    if (now !== before) then()
    before = now
  })
}
