import type { Clock } from '../../flow/clock.ts'
import type { Logger } from '../../flow/log.ts'
import type { Told } from '../contract/live.ts'
import type { Status } from '../contract/status.ts'

/** The status is looked at so often, and told when its state is another one, ms; else told once a second. */
const LOOK_MS = 250
const TOLD_MS = 1000

export type StripOptions = {
  readonly clock: Clock
  readonly status: () => Promise<Status>
  readonly log: Logger
}

/** What the strip of every page shows. */
export type Strip = {
  /** Empty until the first status is there. */
  whole(): readonly string[]
  /** Once a batch; `wanted`: there is a page. */
  batch(wanted: boolean): readonly string[]
}

export function createStrip({ clock, status, log }: StripOptions): Strip {
  let latest: Status | null = null
  let looked = Number.NEGATIVE_INFINITY
  let told = Number.NEGATIVE_INFINITY
  let toldState = ''
  let looking = false
  const look = async () => {
    looking = true
    try {
      latest = await status()
    } catch (error) {
      log('error', `the status cannot be told: ${String(error)}`)
    } finally {
      looking = false
    }
  }
  const say = (of: Status): string => JSON.stringify({ kind: 'status', status: of } satisfies Told)
  return {
    whole: () => (latest === null ? [] : [say(latest)]),
    batch: (wanted) => {
      const now = clock.monotonic()
      if (!wanted) {
        latest = null // what a page is told when it comes is not of long ago
        return []
      }
      if (!looking && now - looked >= LOOK_MS) {
        looked = now
        void look()
      }
      if (latest === null) return []
      const state = JSON.stringify(latest.state.name)
      if (state === toldState && now - told < TOLD_MS) return []
      toldState = state
      told = now
      return [say(latest)]
    },
  }
}
