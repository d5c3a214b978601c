import type { Stage } from '../flow/stream.ts'
import type { FeedEvent } from '../market/feed-events.ts'
import type { Keyed } from '../market/records.ts'
import { EqualTrades, NO_GROUP } from './equal-trades.ts'
import { isIdentified } from './identities.ts'

/** Evidence that the feed repeats itself is read from at least and at most so many trades … */
const EVIDENCE_TRADES_MIN = 20
const EVIDENCE_TRADES_MAX = 200
/** … with as many distinct keys that nine in ten means something: a burst of equal trades is one key … */
const EVIDENCE_KEYS_MIN = 10
/** … of which this share came a multiple of `factor` times. */
const EVIDENCE_SHARE = 0.9
/** The evidence is gone when, over the last so many trades, less than this share of the keys did. */
const DOUBT_TRADES = 50
const DOUBT_SHARE = 0.5
/** How often a feed may send each trade; where both fit, the smaller is believed: it marks less. */
const FACTORS = [2, 3] as const
type Factor = (typeof FACTORS)[number]

/** How often the newest keys came: as many keys as make up to `tradesMax` trades. */
function createTally(tradesMax: number) {
  const counts = new Uint32Array(tradesMax) // a ring, for each key came at least once
  const total = { first: 0, keys: 0, trades: 0, twos: 0, threes: 0 }
  const turn = (count: number, by: 1 | -1) => {
    total.keys += by
    total.trades += by * count
    if (count % 2 === 0) total.twos += by
    if (count % 3 === 0) total.threes += by
  }
  const dropOldest = () => {
    turn(counts[total.first] ?? 0, -1)
    total.first = total.first + 1 === tradesMax ? 0 : total.first + 1
  }
  return {
    add: (count: number) => {
      if (count > tradesMax) return // one key, however often it came, says nothing of the others
      while (total.keys > 0 && total.trades + count > tradesMax) dropOldest()
      counts[(total.first + total.keys) % tradesMax] = count
      turn(count, 1)
    },
    clear: () => {
      while (total.keys > 0) dropOldest()
    },
    trades: () => total.trades,
    keys: () => total.keys,
    /** The share of keys that came a multiple of `factor` times. */
    share: (factor: Factor) =>
      total.keys === 0 ? 0 : (factor === 2 ? total.twos : total.threes) / total.keys,
  }
}

/** How often the feed sends each trade now, as told by how often the keys came whose time is over. */
function createEvidence() {
  const evidence = createTally(EVIDENCE_TRADES_MAX)
  const doubt = createTally(DOUBT_TRADES)
  let factor: Factor | 1 = 1
  return {
    factor: () => factor,
    add: (count: number) => {
      evidence.add(count)
      doubt.add(count)
      if (factor !== 1 && doubt.share(factor) < DOUBT_SHARE) factor = 1
      if (factor !== 1) return
      if (evidence.trades() < EVIDENCE_TRADES_MIN || evidence.keys() < EVIDENCE_KEYS_MIN) return
      factor = FACTORS.find((factor) => evidence.share(factor) >= EVIDENCE_SHARE) ?? 1
    },
    clear: () => {
      evidence.clear()
      doubt.clear()
      factor = 1
    },
  }
}

/** The end of the stretch of records from `first` on that arrived at the same moment. */
function stretchNext({ count, receivedMs }: Keyed, first: number, lengthMax: number): number {
  let next = first + 1
  while (next < count && next - first < lengthMax && receivedMs[next] === receivedMs[first]) next++
  return next
}

/** A stretch is counted whole before it is marked; a longer one is cut, so that its groups stay open. */
const STRETCH_RECORDS_MAX = 4096

function createMarker() {
  const evidence = createEvidence()
  const equals = new EqualTrades(evidence.add)
  const groups = new Int32Array(STRETCH_RECORDS_MAX)

  const mark = (records: Keyed): Keyed => {
    if (!isIdentified(records)) return records
    const { identities } = records
    let redelivered: Uint8Array | undefined // made only where there is something to mark
    for (let first = 0; first < records.count;) {
      const next = stretchNext(records, first, STRETCH_RECORDS_MAX)
      equals.advance(records.receivedMs[first] ?? 0)
      for (let i = first; i < next; i++) groups[i - first] = equals.count(identities, i)
      const factor = evidence.factor()
      for (let i = first; i < next; i++) {
        const group = groups[i - first] ?? NO_GROUP
        if (group === NO_GROUP || equals.keep(group, factor)) continue
        redelivered ??= Uint8Array.from(records.redelivered)
        redelivered[i] = 1
      }
      first = next
    }
    return redelivered === undefined ? records : { ...records, redelivered }
  }

  return {
    mark,
    clear: () => {
      equals.clear()
      evidence.clear()
    },
  }
}

/**
 * Marks trades that the feed sent before; drops nothing and changes nothing else. One in five real trades
 * equals an earlier one in symbol, time, price, volume and conditions, so equality alone proves nothing: a
 * trade is marked only while the feed is seen to repeat nearly all that it sends. Equals that arrive within
 * 250 ms are counted together and known when that time is over. Once nine in ten keys, over the last 20 to
 * 200 known trades, came a multiple of 2 (else of 3) times, the first n / 2 (n / 3), rounded up, of n
 * equals stay and the rest are marked; until fewer than half of the last 50 did. What came before the
 * evidence stays unmarked. A new connection starts anew; a record that is no trade is never marked, nor is
 * a block that does not come from `createFrameSplitter`.
 */
export const createMark = (): Stage<readonly FeedEvent[], readonly FeedEvent[]> =>
  async function* mark(input) {
    const marker = createMarker()
    const marked = (event: FeedEvent): FeedEvent => {
      if (event.kind === 'records') return { kind: 'records', records: marker.mark(event.records) }
      if (event.event.kind === 'opened') marker.clear()
      return event
    }
    for await (const events of input) yield events.map(marked)
  }
