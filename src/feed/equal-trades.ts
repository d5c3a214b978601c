import type { TradeColumns } from './finnhub-trades.ts'

/** Equals that arrive within this of the first of them are counted together; copies were seen 0–100 ms late. */
const TOGETHER_MS = 250
/** Open groups at most, a power of two: 260,000 distinct trades a second. Past it the oldest is settled early. */
const GROUPS_MAX = 65_536

/** The group of a record that is no trade. */
export const NO_GROUP = -1

const hashOf = ({ symbol, timeMs, price, volume }: TradeColumns, i: number): number => {
  // `>>> 0` of a double is its whole part modulo 2^32: enough to spread prices and volumes
  let hash = Math.imul(((timeMs[i] ?? 0) >>> 0) ^ (symbol[i] ?? 0), 0x9e3779b1)
  hash = Math.imul(hash ^ (((price[i] ?? 0) * 10_000) >>> 0), 0x85ebca6b)
  hash = Math.imul(hash ^ (((volume[i] ?? 0) * 10_000) >>> 0), 0xc2b2ae35)
  return (hash ^ (hash >>> 15)) & (GROUPS_MAX - 1)
}

/**
 * Groups of equal trades by arrival, in a ring. Groups settle in the order in which they began: then
 * `settled` hears how often the key came, and a later equal begins a new group. Each hash has a chain of
 * groups, newest first; a chain ends at the first group that is settled, so nothing is ever unlinked.
 */
export class EqualTrades {
  readonly #settled: (count: number) => void
  // what a trade is known by; ids of symbols and conditions hold while their dictionaries live
  readonly #symbol = new Uint32Array(GROUPS_MAX)
  readonly #timeMs = new Float64Array(GROUPS_MAX)
  readonly #price = new Float64Array(GROUPS_MAX)
  readonly #volume = new Float64Array(GROUPS_MAX)
  readonly #conditions = new Uint32Array(GROUPS_MAX)
  readonly #firstMs = new Float64Array(GROUPS_MAX)
  readonly #count = new Uint32Array(GROUPS_MAX)
  readonly #kept = new Uint32Array(GROUPS_MAX)
  readonly #before = new Float64Array(GROUPS_MAX) // the chain: the number of the next older group
  readonly #newest = new Float64Array(GROUPS_MAX).fill(-1) // by hash
  // open groups are numbered [oldest, next); group n is in slot n mod GROUPS_MAX
  #oldest = 0
  #next = 0
  #now = 0
  #symbols: readonly string[] = []
  #conditionSets: readonly (string | null)[] = []

  constructor(settled: (count: number) => void) {
    this.#settled = settled
  }

  /** The time of arrival of what comes next; settles the groups whose time is over. */
  advance(receivedMs: number): void {
    // a clock that was set back would keep groups open for as long: settle them all
    const isSetBack = receivedMs < this.#now - TOGETHER_MS
    this.#now = receivedMs
    while (this.#oldest < this.#next) {
      const age = receivedMs - (this.#firstMs[this.#oldest % GROUPS_MAX] ?? 0)
      if (!isSetBack && age <= TOGETHER_MS) return
      this.#settleOldest()
    }
  }

  /** Counts row i into its group, which it answers; NO_GROUP where the row is no trade. */
  count(columns: TradeColumns, i: number): number {
    if (columns.defect[i] !== 0) return NO_GROUP
    const { symbols, conditionSets } = columns
    if (symbols !== this.#symbols || conditionSets !== this.#conditionSets) {
      this.clear() // ids have another meaning now
      this.#symbols = symbols
      this.#conditionSets = conditionSets
    }
    const hash = hashOf(columns, i)
    const found = this.#find(columns, i, hash)
    const slot = found === NO_GROUP ? this.#begin(columns, i, hash) : found
    this.#count[slot] = (this.#count[slot] ?? 0) + 1
    return slot
  }

  /** Whether the next of the group's trades stays, where the feed sends each trade `factor` times. */
  keep(slot: number, factor: number): boolean {
    const kept = this.#kept[slot] ?? 0
    if (factor > 1 && kept >= Math.ceil((this.#count[slot] ?? 0) / factor)) return false
    this.#kept[slot] = kept + 1
    return true
  }

  /** Forgets all groups; nobody hears of them. */
  clear(): void {
    this.#oldest = this.#next
  }

  #settleOldest(): void {
    this.#settled(this.#count[this.#oldest % GROUPS_MAX] ?? 0)
    this.#oldest++
  }

  #find(columns: TradeColumns, i: number, hash: number): number {
    let n = this.#newest[hash] ?? -1
    while (n >= this.#oldest) {
      const slot = n % GROUPS_MAX
      if (
        this.#timeMs[slot] === columns.timeMs[i] &&
        this.#price[slot] === columns.price[i] &&
        this.#volume[slot] === columns.volume[i] &&
        this.#symbol[slot] === columns.symbol[i] &&
        this.#conditions[slot] === columns.conditions[i] &&
        this.#now - (this.#firstMs[slot] ?? 0) <= TOGETHER_MS
      )
        return slot
      n = this.#before[slot] ?? -1
    }
    return NO_GROUP
  }

  #begin(columns: TradeColumns, i: number, hash: number): number {
    if (this.#next - this.#oldest === GROUPS_MAX) this.#settleOldest()
    const slot = this.#next % GROUPS_MAX
    this.#symbol[slot] = columns.symbol[i] ?? 0
    this.#timeMs[slot] = columns.timeMs[i] ?? 0
    this.#price[slot] = columns.price[i] ?? 0
    this.#volume[slot] = columns.volume[i] ?? 0
    this.#conditions[slot] = columns.conditions[i] ?? 0
    this.#firstMs[slot] = this.#now
    this.#count[slot] = 0
    this.#kept[slot] = 0
    this.#before[slot] = this.#newest[hash] ?? -1
    this.#newest[hash] = this.#next++
    return slot
  }
}
