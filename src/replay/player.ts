import { setImmediate as breathe } from 'node:timers/promises'
import type { Clock } from '../flow/clock.ts'
import type { ReplayFrame, ReplaySource } from './replay.ts'

const FRAMES_A_TURN = 64 // then the event loop gets a turn, so that sockets are read and closed in time

export type Playing = {
  /** How many times faster than it was recorded; 'max': as fast as the readers take it. */
  readonly speed: number | 'max'
  readonly loop: boolean
  readonly clock: Clock
  readonly signal: AbortSignal
  readonly offer: (frame: ReplayFrame) => Promise<void>
  /** Resolves when there is a reader again; at speed 'max' nothing is played to nobody. */
  readonly reader: () => Promise<void>
}

/** Plays a source once, or for ever with `loop`; ends quietly when `signal` aborts. */
export async function play(source: ReplaySource, playing: Playing): Promise<void> {
  let frames = 0
  do {
    frames = await playOnce(source, playing)
    await breathe() // a short loop has no other place for it
  } while (playing.loop && frames > 0 && !playing.signal.aborted)
}

async function playOnce(source: ReplaySource, playing: Playing): Promise<number> {
  const { speed, clock, signal } = playing
  const startMono = clock.monotonic()
  let firstMs: number | null = null
  let frames = 0
  for await (const frame of source) {
    if (signal.aborted) return frames
    if (speed === 'max') await playing.reader()
    else if (frame.atMs !== null) {
      firstMs ??= frame.atMs
      const dueMs = startMono + (frame.atMs - firstMs) / speed - clock.monotonic()
      if (dueMs > 0) await clock.sleep(dueMs, signal)
    }
    if (signal.aborted) return frames
    await playing.offer(frame)
    frames += 1
    if (frames % FRAMES_A_TURN === 0) await breathe()
  }
  return frames
}
