/** What one connection asked for, and what of the wanted it must leave out. */
export type Subscriptions = {
  /** Brings what was asked in line with what is wanted; `over` are symbols newly left out for lack of room. */
  plan(wanted: readonly string[]): Change
  /** The feed named this symbol invalid: it is not asked again on this connection. False: it was not asked for. */
  refuse(symbol: string): boolean
  /** The feed took one too many and did not say which: the last one asked for; null: none was. */
  refuseLast(): string | null
  readonly count: number
}

export type Change = {
  readonly add: readonly string[]
  readonly remove: readonly string[]
  readonly over: readonly string[]
}

/** `symbolsMax`: how many one connection may ask for, by the feed's plan. */
export function createSubscriptions(symbolsMax: number): Subscriptions {
  const asked = new Set<string>() // in the order of asking
  const invalid = new Set<string>()
  let over = new Set<string>()
  let room = symbolsMax
  return {
    get count() {
      return asked.size
    },
    plan: (wanted) => {
      const valid = [...new Set(wanted)].filter((symbol) => symbol !== '' && !invalid.has(symbol))
      const chosen = new Set(valid.slice(0, room))
      const left = valid.slice(room)
      const change = {
        add: [...chosen].filter((symbol) => !asked.has(symbol)),
        remove: [...asked].filter((symbol) => !chosen.has(symbol)),
        over: left.filter((symbol) => !over.has(symbol)),
      }
      over = new Set(left)
      for (const symbol of change.remove) asked.delete(symbol)
      for (const symbol of change.add) asked.add(symbol)
      return change
    },
    refuse: (symbol) => {
      if (!asked.delete(symbol)) return false
      invalid.add(symbol)
      return true
    },
    refuseLast: () => {
      const last = [...asked].at(-1)
      if (last === undefined) return null
      asked.delete(last)
      over.add(last)
      room = asked.size // the feed's own cap is lower than ours, and now it is known
      return last
    },
  }
}
