import { aborted } from '../flow/aborted.ts'
import type { Watchlist } from './feed.ts'

/** A list that others set while it is watched; each watcher sees the newest list after each change. */
export type ChangeableWatchlist = Watchlist & { set(symbols: readonly string[]): void }

export function changeableWatchlist(symbols: readonly string[]): ChangeableWatchlist {
  let current = symbols
  let changed = Promise.withResolvers<void>()
  return {
    current: () => current,
    set: (next) => {
      if (next.length === current.length && next.every((symbol, i) => symbol === current[i])) return
      current = next
      changed.resolve()
      changed = Promise.withResolvers()
    },
    async *changes(signal) {
      const over = aborted(signal)
      let told = current
      while (!signal.aborted) {
        const next = changed.promise
        if (told === current) await Promise.race([next, over])
        if (signal.aborted) return
        told = current
        yield told
      }
    },
  }
}

/** A list that never changes. */
export const fixedWatchlist = (symbols: readonly string[]): Watchlist => {
  const { current, changes } = changeableWatchlist(symbols)
  return { current, changes }
}
