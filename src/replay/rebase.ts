import type { Clock } from '../flow/clock.ts'
import type { ReplaySource } from './replay.ts'

const TIME = /("t"\s*:\s*)(\d{10,16})/g
const text = new TextEncoder()

/** Shifts the times inside trade frames so that the first trade of each pass is now; all else stays. */
export const rebased = (source: ReplaySource, clock: Clock): ReplaySource => ({
  async *[Symbol.asyncIterator]() {
    let shiftMs: number | null = null
    for await (const frame of source) {
      const shifted = Buffer.from(frame.bytes)
        .toString()
        .replace(TIME, (_all, key, time) => {
          shiftMs ??= Math.round(clock.now() - Number(time))
          return `${key}${Number(time) + shiftMs}`
        })
      yield { ...frame, bytes: text.encode(shifted) }
    }
  },
})
