import {
  IDS_WORD,
  PRICE_WORD,
  symbolIn,
  TIME_WORD,
  VOLUME_WORD,
  WORDS,
  type Identities,
} from './identities.ts'

/** Equals that arrive within this of the first of them are counted together; copies were seen 0–100 ms late. */
const TOGETHER_MS = 250
/** Open groups at most, a power of two: 260,000 distinct trades a second. Past it the oldest is settled early. */
const GROUPS_MAX = 65_536
/** Chains; with four for each group most chains hold the group that is sought, or nothing. */
const CHAINS = GROUPS_MAX * 4

/** The group of a record that is no trade. */
export const NO_GROUP = -1

// what is known of a group, beside the words of its trades: 64 bytes in all, a line of the processor's cache
const FIRST_MS = WORDS
const COUNT = WORDS + 1
const KEPT = WORDS + 2
const BEFORE = WORDS + 3 // the chain: the number of the next older group
const STRIDE = WORDS + 4

/** The chain of the trade whose words begin at `at`. */
function chainOf(words: Float64Array, at: number): number {
  // `>>> 0` of a double is its whole part modulo 2^32: enough to spread prices and volumes
  const symbol = symbolIn(words[at + IDS_WORD] ?? 0)
  let hash = Math.imul(((words[at + TIME_WORD] ?? 0) >>> 0) ^ symbol, 0x9e3779b1)
  hash = Math.imul(hash ^ (((words[at + PRICE_WORD] ?? 0) * 10_000) >>> 0), 0x85ebca6b)
  hash = Math.imul(hash ^ (((words[at + VOLUME_WORD] ?? 0) * 10_000) >>> 0), 0xc2b2ae35)
  return (hash ^ (hash >>> 15)) & (CHAINS - 1)
}

/**
 * Groups of equal trades by arrival, in a ring. Groups settle in the order in which they began: then
 * `settled` hears how often the key came, and a later equal begins a new group. Each hash has a chain of
 * groups, newest first; a chain ends at the first group that is settled, so nothing is ever unlinked.
 */
export class EqualTrades {
  readonly #settled: (count: number) => void
  // group n is groups[STRIDE * (n mod GROUPS_MAX)] and what follows; open groups are [oldest, next)
  readonly #groups = new Float64Array(STRIDE * GROUPS_MAX)
  readonly #newest = new Float64Array(CHAINS).fill(-1)
  #oldest = 0
  #next = 0
  #now = 0
  #dictionaries: object | null = null

  constructor(settled: (count: number) => void) {
    this.#settled = settled
  }

  /** The time of arrival of what comes next; settles the groups whose time is over. */
  advance(receivedMs: number): void {
    // a clock that was set back would keep groups open for as long: settle them all
    const isSetBack = receivedMs < this.#now - TOGETHER_MS
    this.#now = receivedMs
    while (this.#oldest < this.#next) {
      const age = receivedMs - (this.#groups[placeOf(this.#oldest) + FIRST_MS] ?? 0)
      if (!isSetBack && age <= TOGETHER_MS) return
      this.#settleOldest()
    }
  }

  /** Counts record i into its group, which it answers; NO_GROUP where the record is no trade. */
  count({ words, row, dictionaries }: Identities, i: number): number {
    const at = WORDS * (row + i)
    if (words[at + IDS_WORD] === 0) return NO_GROUP
    if (dictionaries !== this.#dictionaries) {
      this.clear() // ids have another meaning now
      this.#dictionaries = dictionaries
    }
    const chain = chainOf(words, at)
    const found = this.#find(words, at, chain)
    const place = found === NO_GROUP ? this.#begin(words, at, chain) : found
    this.#groups[place + COUNT] = (this.#groups[place + COUNT] ?? 0) + 1
    return place
  }

  /** Whether the next of the group's trades stays, where the feed sends each trade `factor` times. */
  keep(place: number, factor: number): boolean {
    const kept = this.#groups[place + KEPT] ?? 0
    if (factor > 1 && kept >= Math.ceil((this.#groups[place + COUNT] ?? 0) / factor)) return false
    this.#groups[place + KEPT] = kept + 1
    return true
  }

  /** Forgets all groups; nobody hears of them. */
  clear(): void {
    this.#oldest = this.#next
  }

  #settleOldest(): void {
    this.#settled(this.#groups[placeOf(this.#oldest) + COUNT] ?? 0)
    this.#oldest++
  }

  #find(words: Float64Array, at: number, chain: number): number {
    const groups = this.#groups
    let n = this.#newest[chain] ?? -1
    while (n >= this.#oldest) {
      const place = placeOf(n)
      if (
        groups[place + TIME_WORD] === words[at + TIME_WORD] &&
        groups[place + PRICE_WORD] === words[at + PRICE_WORD] &&
        groups[place + VOLUME_WORD] === words[at + VOLUME_WORD] &&
        groups[place + IDS_WORD] === words[at + IDS_WORD] &&
        this.#now - (groups[place + FIRST_MS] ?? 0) <= TOGETHER_MS
      )
        return place
      n = groups[place + BEFORE] ?? -1
    }
    return NO_GROUP
  }

  #begin(words: Float64Array, at: number, chain: number): number {
    if (this.#next - this.#oldest === GROUPS_MAX) this.#settleOldest()
    const groups = this.#groups
    const place = placeOf(this.#next)
    for (let word = 0; word < WORDS; word++) groups[place + word] = words[at + word] ?? 0
    groups[place + FIRST_MS] = this.#now
    groups[place + COUNT] = 0
    groups[place + KEPT] = 0
    groups[place + BEFORE] = this.#newest[chain] ?? -1
    this.#newest[chain] = this.#next++
    return place
  }
}

/** Where group `n` lies. */
const placeOf = (n: number): number => STRIDE * (n % GROUPS_MAX)
