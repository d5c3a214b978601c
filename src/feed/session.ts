import type { Clock } from '../flow/clock.ts'
import type { SessionEvent, SessionEventKind } from '../market/feed-events.ts'

/** Who records: the same in every event of one recorder. */
export type Recorder = {
  readonly recorder: string
  readonly epoch: number
  readonly source: string
}
type Said = Partial<Pick<SessionEvent, 'at' | 'symbols' | 'from' | 'to' | 'cause' | 'bytes'>>

/** Words one event of this recorder's session, at the clock's time now unless another is said. */
export type Say = (kind: SessionEventKind, said?: Said) => SessionEvent

export const sessionOf =
  ({ recorder, epoch, source }: Recorder, clock: Clock): Say =>
  (kind, said = {}) => ({
    kind,
    at: clock.now(),
    recorder,
    epoch,
    source,
    symbols: null,
    from: null,
    to: null,
    cause: null,
    bytes: null,
    ...said,
  })
