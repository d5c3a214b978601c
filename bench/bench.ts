import { seededRandom, type Random } from '../src/flow/random.ts'
import {
  logId,
  offset,
  partition,
  recordBytes,
  type Records,
  type Run,
} from '../src/market/records.ts'

/**
 * One measurement. Times are of the measured part alone; `rssMb` is the process's peak so far, null where it is
 * another program's that does not say.
 */
export type BenchRow = {
  readonly name: string
  readonly rows: number
  readonly seconds: number
  readonly rowsPerSecond: number
  /** User and system time of all threads of the process. */
  readonly cpuSeconds: number
  readonly rssMb: number | null
  readonly note?: string
}
export type BenchOptions = { readonly trades: number }
export type Bench = (options: BenchOptions) => Promise<BenchRow[]>

/** Runs `act`, which answers how many rows it did, and says what it took. */
export async function measure(
  name: string,
  act: () => number | Promise<number>,
  note?: string,
): Promise<BenchRow> {
  const cpu = process.cpuUsage()
  const start = performance.now()
  const rows = await act()
  const seconds = (performance.now() - start) / 1000
  const { user, system } = process.cpuUsage(cpu)
  return {
    name,
    rows,
    seconds,
    rowsPerSecond: rows / seconds,
    cpuSeconds: (user + system) / 1e6,
    rssMb: process.resourceUsage().maxRSS / 1024, // maxRSS is in KiB
    ...(note === undefined ? {} : { note }),
  }
}

/** A text message of the feed as it would come over the wire, with the number of its trades. */
export type WireFrame = {
  readonly bytes: Uint8Array
  readonly trades: number
  readonly receivedMs: number
}

export type MarketOptions = {
  readonly trades: number
  readonly seed?: number
  readonly symbols?: number
  /** Milliseconds of market time that a trade takes on average: 1 is a thousand trades a second. */
  readonly msPerTrade?: number
}

const SYMBOLS = 1000
const FRAME_TRADES_MAX = 29 // the largest frame of the free plan that was seen
const START_MS = 1_763_997_374_633
const LAG_MS = 40 // from venue to us
// shares as on a regular day: sweeps 40–45 %, odd lots about half
const CONDITIONS = [
  '["1","8"]',
  '["1"]',
  '["1","12"]',
  '["1","8","12"]',
  '["1","8"]',
  '["1","12"]',
  'null',
]

const ticker = (random: Random): string =>
  Array.from({ length: 1 + random.integer(4) }, () =>
    String.fromCharCode(65 + random.integer(26)),
  ).join('')

/** A made-up market: trades as the feed writes them, symbols by Zipf's law, prices that walk. */
function createMarket({ seed = 42, symbols = SYMBOLS, msPerTrade = 1 }: MarketOptions) {
  const random = seededRandom(seed)
  const names = new Set<string>()
  while (names.size < symbols) names.add(ticker(random))
  const tickers = [...names]
  const prices = Float64Array.from(tickers, () => 5 + random.next() * 500)
  const shares = new Float64Array(symbols)
  let total = 0
  for (let i = 0; i < symbols; i++) shares[i] = total += 1 / (i + 1)
  const pick = () => {
    const at = random.next() * total
    let low = 0
    for (let high = symbols - 1; low < high;) {
      const middle = (low + high) >> 1
      if ((shares[middle] ?? 0) < at) low = middle + 1
      else high = middle
    }
    return low
  }
  let now = START_MS
  const trade = (): string => {
    const i = pick()
    now += msPerTrade * random.next() * 2
    const walked = Math.max(1, (prices[i] ?? 1) * (1 + (random.next() - 0.5) * 2e-4))
    prices[i] = walked
    const price = walked.toFixed(random.next() < 0.8 ? 2 : 4)
    const c = CONDITIONS[random.integer(CONDITIONS.length)]
    const v = 1 + Math.floor(random.next() ** 3 * 1000)
    return `{"c":${c},"p":${Number(price)},"s":"${tickers[i]}","t":${Math.floor(now)},"v":${v}}`
  }
  return { random, trade, now: () => Math.floor(now) }
}

const encoder = new TextEncoder()

/** Frames of 1 to 29 trades, `options.trades` in all. The same options give the same bytes. */
export function* wireFrames(options: MarketOptions): Generator<WireFrame> {
  const market = createMarket(options)
  for (let left = options.trades; left > 0;) {
    const trades = Math.min(left, 1 + market.random.integer(FRAME_TRADES_MAX))
    left -= trades
    const text = Array.from({ length: trades }, market.trade).join(',')
    const bytes = encoder.encode(`{"data":[${text}],"type":"trade"}`)
    yield { bytes, trades, receivedMs: market.now() + LAG_MS }
  }
}

/** Tape runs of one partition, `runTrades` records each (the last may be shorter), `options.trades` in all. */
export function* tapeRuns(options: MarketOptions, runTrades: number): Generator<Run> {
  const market = createMarket(options)
  for (let first = 0; first < options.trades; first += runTrades) {
    const count = Math.min(runTrades, options.trades - first)
    const receivedMs = new Float64Array(count)
    const texts = Array.from({ length: count }, (_, i) => {
      const text = market.trade()
      receivedMs[i] = market.now() + LAG_MS
      return text
    })
    yield asRun({ ...packed(texts), receivedMs }, first)
  }
}

/** ASCII texts as the bytes and ends of records. */
function packed(texts: readonly string[]): Omit<Records, 'receivedMs'> {
  const ends = new Uint32Array(texts.length)
  let end = 0
  for (const [i, text] of texts.entries()) ends[i] = end += text.length
  return {
    count: texts.length,
    bytes: encoder.encode(texts.join('')),
    ends,
    redelivered: new Uint8Array(texts.length),
  }
}

/** Records as a run of partition 0 that begins at `first`, without holes. */
export const asRun = (records: Records, first: number): Run => ({
  ...records,
  log: logId('00000000-0000-0000-0000-000000000000'),
  partition: partition(0),
  first: offset(first),
  next: offset(first + records.count),
  delta: Uint32Array.from({ length: records.count }, (_, i) => i),
})

/** The records of the runs, a line each. */
export function asLines(runs: Iterable<Run>): Buffer {
  const lines: Uint8Array[] = []
  for (const run of runs)
    for (let i = 0; i < run.count; i++) lines.push(recordBytes(run, i), NEWLINE)
  return Buffer.concat(lines)
}
const NEWLINE = encoder.encode('\n')
