import { useEffect, useState } from 'preact/hooks'
import type { SymbolRow, SymbolsAnswer } from '../../../src/serve/contract/market.ts'
import { ApiFault, ask } from '../api.ts'

/** Symbols that the palette lists. */
const SYMBOLS_MAX = 12
/** A pause in typing that is worth a question, ms. */
const PAUSE_MS = 120

export type SymbolsFound = {
  readonly symbols: readonly SymbolRow[]
  /** Why there are none. */
  readonly fault: ApiFault | null
}

/** The symbols that match what is typed, as it is typed; answers to what was typed before are not shown. */
export function useSymbols(query: string): SymbolsFound {
  const [answer, setAnswer] = useState<SymbolsFound>({ symbols: [], fault: null })
  useEffect(() => {
    const gone = new AbortController()
    const search = query.trim() === '' ? undefined : query.trim()
    const params = { search, limit: SYMBOLS_MAX }
    const look = async () => {
      try {
        const { symbols } = await ask<SymbolsAnswer>('/api/symbols', {
          params,
          signal: gone.signal,
        })
        setAnswer({ symbols, fault: null })
      } catch (error) {
        if (gone.signal.aborted) return
        if (!(error instanceof ApiFault)) throw error
        setAnswer({ symbols: [], fault: error })
      }
    }
    const timer = setTimeout(() => void look(), PAUSE_MS)
    return () => {
      clearTimeout(timer)
      gone.abort()
    }
  }, [query])
  return answer
}
