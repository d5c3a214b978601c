import type { Clock } from '../flow/clock.ts'

/** When something was, by both clocks: one stands still while the machine sleeps, the other can be set. */
export type Moment = { readonly nowMs: number; readonly monotonicMs: number }

export const momentOf = (clock: Clock): Moment => ({
  nowMs: clock.now(),
  monotonicMs: clock.monotonic(),
})

/** How long ago that was, ms, by the clock that says more: what is too old by either is too old. */
export const ageMs = ({ nowMs, monotonicMs }: Moment, clock: Clock): number =>
  Math.max(clock.now() - nowMs, clock.monotonic() - monotonicMs)
