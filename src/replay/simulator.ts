import { systemClock, type Clock } from '../flow/clock.ts'
import { freshSeed, seededRandom } from '../flow/random.ts'
import type { ReplayFrame, ReplayServer, ReplaySource } from './replay.ts'
import { tradeFrame, tradeText, type ReplayTrade } from './frame.ts'
import { startReplay, type ReplayOptions } from './serve-replay.ts'
import { createMarket, type Activity, type SimulatedMarket } from './simulated-market.ts'
import { inRegularHours, sessionShape } from './simulated-hours.ts'
import { LISTINGS } from './simulated-symbols.ts'

const TICK_MS = 50 // trades of this stretch go out together, as the feed gathers them
const FRAME_TRADES_MAX = 29 // the most seen in one frame of the feed
const RATE = 120 // about twice what fifty busy names make on the feed's free plan
const CATCH_UP_MS_MAX = 2_000 // after a sleep of the machine the market goes on from now

export const ACTIVITIES = ['constant', 'session'] as const

export type SimulatorOptions = Omit<
  ReplayOptions,
  'source' | 'speed' | 'loop' | 'fromStartOnConnect' | 'rebase'
> & {
  /** Listed from the start; others are listed when a client subscribes to them. None: only those. */
  readonly symbols?: readonly string[]
  /** Trades a second over all listed symbols; 120. */
  readonly ratePerSecond?: number
  /** `constant`, or `session`: busy at the open and the close of New York, quiet at night. */
  readonly activity?: (typeof ACTIVITIES)[number]
  readonly seed?: number
}

/** A simulated market, always open, that speaks the feed's protocol. Nothing in it is a real trade. */
export async function startSimulator(options: SimulatorOptions = {}): Promise<ReplayServer> {
  const clock = options.clock ?? systemClock
  const market = createMarket({
    random: seededRandom(options.seed ?? freshSeed()),
    symbols: options.symbols ?? [],
    ratePerSecond: options.ratePerSecond ?? RATE,
    activity: activityOf(options.activity),
    regular: inRegularHours,
  })
  const stopped = new AbortController()
  const onSubscribe = (symbol: string) => {
    market.list(symbol)
    options.onSubscribe?.(symbol)
  }
  const source = liveFrames(market, clock, stopped.signal)
  const server = await startReplay({ ...options, clock, source, speed: 1, onSubscribe })
  return {
    ...server,
    [Symbol.asyncDispose]: async () => {
      stopped.abort()
      await server[Symbol.asyncDispose]()
    },
  }
}

const activityOf = (name: SimulatorOptions['activity']): Activity =>
  name === 'session' ? sessionShape : () => 1

/** The market's frames as time passes; a reader that was slow, or a machine that slept, misses what it slept through. */
const liveFrames = (market: SimulatedMarket, clock: Clock, signal: AbortSignal): ReplaySource => ({
  async *[Symbol.asyncIterator]() {
    let atMs = clock.now()
    while (!signal.aborted) {
      await clock.sleep(TICK_MS, signal)
      const nowMs = clock.now()
      if (nowMs < atMs || nowMs - atMs > CATCH_UP_MS_MAX) atMs = nowMs - TICK_MS
      yield* framesOf(market.advance(atMs, nowMs))
      atMs = nowMs
    }
  },
})

export type Simulation = {
  readonly seed: number
  /** Absent: the simulator's own list. */
  readonly symbols?: readonly string[]
  readonly fromMs: number
  readonly toMs: number
  readonly ratePerSecond: number
  readonly activity?: (typeof ACTIVITIES)[number]
  /** 29, the most seen from the feed. */
  readonly tradesPerFrameMax?: number
}

/** The same market without a clock: the frames of a stretch of time, as bytes. The same seed gives the same bytes. */
export function* simulateTrades(simulation: Simulation): Generator<Uint8Array> {
  for (const { bytes } of simulateFrames(simulation)) yield bytes
}

/** …as a source for a replay: each frame with its time and its symbols. */
export function* simulateFrames(simulation: Simulation): Generator<ReplayFrame> {
  const market = createMarket({
    random: seededRandom(simulation.seed),
    symbols: simulation.symbols ?? LISTINGS.map(({ symbol }) => symbol),
    ratePerSecond: simulation.ratePerSecond,
    activity: activityOf(simulation.activity),
    regular: inRegularHours,
  })
  for (let atMs = simulation.fromMs; atMs < simulation.toMs; atMs += TICK_MS) {
    const untilMs = Math.min(atMs + TICK_MS, simulation.toMs)
    const trades = market.advance(atMs, untilMs)
    for (const frame of framesOf(trades, simulation.tradesPerFrameMax))
      yield { ...frame, atMs: untilMs }
  }
}

function* framesOf(
  trades: readonly ReplayTrade[],
  tradesMax: number = FRAME_TRADES_MAX,
): Generator<ReplayFrame> {
  for (let first = 0; first < trades.length; first += tradesMax) {
    const some = trades.slice(first, first + tradesMax)
    yield {
      atMs: null,
      bytes: tradeFrame(some.map(tradeText)),
      symbols: [...new Set(some.map(({ symbol }) => symbol))],
      trades: some.length,
    }
  }
}
