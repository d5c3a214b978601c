import { freshSeed } from '../flow/random.ts'
import type { Logger } from '../flow/log.ts'
import type { Faults, ReplayServer, ReplaySource } from '../replay/replay.ts'
import type { ReplayOptions } from '../replay/serve-replay.ts'
import type { Stretch } from '../replay/tape-source.ts'
import type { ReplayTrade } from '../replay/trades-source.ts'
import type { Tape } from '../tape/tape.ts'
import type { Parts } from './components.ts'
import { feedAddress } from './places.ts'

/** A simulator in this process, where the settings choose it and nobody runs one; url null: the feed is elsewhere. */
export async function startStandInFeed(
  parts: Parts,
): Promise<AsyncDisposable & { readonly url: string | null }> {
  if (feedAddress(parts.loaded).kind !== 'simulator')
    return { url: null, [Symbol.asyncDispose]: async () => undefined }
  return startSimulator(parts, { port: 0 })
}

/** The simulated market as a server that speaks the feed's protocol. */
export async function startSimulator(
  parts: Parts,
  { port, faults = null }: { port: number; faults?: Faults | null },
): Promise<ReplayServer> {
  const { startSimulator } = await import('../replay/simulator.ts')
  const { settings } = parts.loaded
  const seed = settings['simulator.seed'] ?? freshSeed()
  parts.log('info', 'a simulated market: no trade of it is real', { seed })
  return startSimulator({
    port,
    seed,
    faults,
    ratePerSecond: settings['simulator.rate'],
    symbolsMax: settings['record.symbols_max'],
    clock: parts.clock,
    log: parts.log,
  })
}

/** Recorded frames as a server that speaks the feed's protocol. */
export async function startReplay(
  { clock, log }: Parts,
  options: Omit<ReplayOptions, 'clock' | 'log'>,
): Promise<ReplayServer> {
  const { startReplay } = await import('../replay/serve-replay.ts')
  return startReplay({ ...options, clock, log })
}

export async function parseFaults(text: string): Promise<Faults> {
  const faults = await import('../replay/faults.ts')
  return faults.parseFaults(text)
}

export async function recordedFrames(path: string): Promise<ReplaySource> {
  const recording = await import('../replay/recording.ts')
  return recording.recordedFrames(path)
}

/** A tape's trades as frames, at the times at which they came. */
export async function tapeFrames(tape: Tape, stretch: Stretch, log: Logger): Promise<ReplaySource> {
  const source = await import('../replay/tape-source.ts')
  return source.tapeFrames(tape.trades, stretch, log)
}

/** Trades of the lake as frames. */
export async function tradeFrames(open: () => AsyncIterable<ReplayTrade>): Promise<ReplaySource> {
  const source = await import('../replay/trades-source.ts')
  return source.tradeFrames(open)
}
