import { isoOf } from '../market/times.ts'
import type { Clock } from '../flow/clock.ts'
import { gaps, type Gap } from '../market/coverage.ts'
import type { SessionEvent } from '../market/feed-events.ts'
import { recordBytes, type Offset, type Partition, type Run } from '../market/records.ts'
import { decodeEvent } from '../market/session-events.ts'
import type { Trades } from '../market/trades.ts'
import type { Bounds } from '../tape/tape.ts'
import type { Status } from './contract/status.ts'
import { createLive, type Live } from './live.ts'
import type { Sample } from './metrics.ts'
import { NO_PROGRESS, type Progress } from './progress.ts'
import { createQueryClock, type QueryClock } from './query-clock.ts'
import { landsElsewhere, recordsElsewhere } from './elsewhere.ts'
import { followEvent, marketOpen, noConnection, type Connection } from './session.ts'
import { stateOf, stoppedText, type Stopped } from './state.ts'
import { isRunning, readStatuses, sampleOf, type PartStatus } from './status.ts'

/** Gaps listed on the page, the newest. */
const GAPS_LISTED_MAX = 20
export type Overview = {
  takeTrades(run: Run): void
  takeFeed(run: Run): void
  setProgress(progress: Progress): void
  /** What the tape is bound to, which the settings of this process need not say. */
  setSource(source: Source): void
  setReady(): void
  /** Null: there is a tape, and what is on it lands or waits to; else why not. */
  unready(): Promise<string | null>
  status(): Promise<Status>
  samples(): Promise<readonly Sample[]>
  /** Told of every query that the server answers. */
  readonly queries: QueryClock
}

export type Source = { readonly source: string; readonly simulated: boolean }

export type OverviewOptions = {
  readonly clock: Clock
  readonly decode: (run: Run) => Trades
  /** Until the tape says what it is bound to. */
  readonly source: Source
  readonly version: string
  /** The time zone of the settings. */
  readonly zone: string
  readonly statusDir: string
  /** Parts on other machines use the tape too: what is not seen here may run there. */
  readonly shared: boolean
  /** Start of the day that "today" means, ms since 1970 UTC. */
  readonly dayStart: (nowMs: number) => number
  readonly ownSamples: () => readonly Sample[]
}

/** Everything that the strip and `/metrics` say, kept from what the tape, the lake and the parts say. */
export function createOverview(options: OverviewOptions): Overview {
  const { clock, decode, statusDir, shared } = options
  const live = createLive(decode, clock)
  const queries = createQueryClock(clock)
  const connection = noConnection()
  const events: SessionEvent[] = []
  let progress = NO_PROGRESS
  let ready = false
  let { source } = options
  const statuses = async (): Promise<readonly PartStatus[]> => {
    const all = await readStatuses(statusDir)
    return active(all.filter((status) => isRunning(status, clock.now())))
  }
  return {
    takeTrades: live.take,
    takeFeed: (run) => {
      for (let i = 0; i < run.count; i++) {
        const event = decodeEvent(recordBytes(run, i))
        if (event === null) continue
        followEvent(connection, event)
        remember(events, event)
      }
    },
    setProgress: (next) => void (progress = next),
    setSource: (bound) => void (source = bound),
    setReady: () => void (ready = true),
    unready: async () => {
      if (!ready) return 'there is no tape yet, or it or the lake cannot be read'
      const stopped = stoppedOf(await statuses())
      return stopped === null ? null : stoppedText(stopped)
    },
    status: async () => {
      const parts = await statuses()
      const nowMs = clock.now()
      const startMs = options.dayStart(nowMs)
      const dropped = events.filter(({ kind, at }) => kind === 'dropped' && at >= startMs)
      const missed = gaps(events, nowMs)
      const numbers = { live, progress, parts, missed }
      const { connected, symbols } = connection
      return {
        version: options.version,
        ...source,
        zone: options.zone,
        as_of: isoOf(nowMs),
        state: stateOf({ nowMs, ...source, ...signsOf({ ...numbers, connection, shared, nowMs }) }),
        landing_stopped: stoppedOf(parts),
        feed: { connected, symbols: symbols.size, ...feedOf(live) },
        tape: { ...tapeOf(numbers), dropped_today: dropped.length },
        lake: lakeOf(numbers),
        query: { running: queries.running(), millis: queries.millis() },
        gaps_today: gapsSince(missed, startMs),
        parts: parts.map(({ part, state, pid }) => ({ part, state, pid })),
      }
    },
    samples: async () => [
      ...options.ownSamples(),
      ...samplesOf({ live, progress, parts: await statuses() }),
    ],
    queries,
  }
}

function samplesOf({ live, progress, parts }: Numbers): readonly Sample[] {
  const gauge = (name: string, value: number | null): readonly Sample[] =>
    value === null ? [] : [{ name, labels: {}, value }]
  return [
    // What this process says of itself is not said twice.
    ...parts.flatMap(({ pid, samples }) => (pid === process.pid ? [] : samples)),
    ...parts.map(({ part }) => ({ name: 'ticklake_part_up', labels: { part }, value: 1 })),
    ...gauge('ticklake_tape_records', progress.records),
    ...gauge('ticklake_tape_lag_records', progress.lagRecords),
    ...gauge('ticklake_tape_lag_seconds', progress.lagSeconds),
    ...progress.partitions.flatMap(({ partition, lagRecords, lagSeconds }) => {
      const labels = { partition: String(partition) }
      return [
        { name: 'ticklake_tape_partition_lag_records', labels, value: lagRecords },
        { name: 'ticklake_tape_partition_lag_seconds', labels, value: lagSeconds },
      ]
    }),
    ...gauge('ticklake_trades_per_second', live.perSecond()),
  ]
}

const stoppedOf = (parts: readonly PartStatus[]): Stopped | null =>
  parts.find(({ part }) => part === 'land')?.stopped ?? null

/** One status a part: of those that work that of the last start (a killed one's stays a moment), else a standby's. */
const active = (statuses: readonly PartStatus[]): readonly PartStatus[] =>
  [...Map.groupBy(statuses, ({ part }) => part).values()].flatMap((same) => {
    const newest = same.toSorted((a, b) => b.started - a.started)
    const awake = newest.filter(({ state }) => !state.startsWith('waiting'))
    const shown = awake.find(({ stopped }) => (stopped ?? null) === null) ?? awake[0] ?? newest[0]
    return shown === undefined ? [] : [shown]
  })

/** Of one recorder's beats in a row only the last says something: a week of them is not kept. */
function remember(events: SessionEvent[], event: SessionEvent): void {
  const last = events.at(-1)
  const beat =
    event.kind === 'alive' &&
    last?.kind === 'alive' &&
    last.recorder === event.recorder &&
    last.epoch === event.epoch
  if (beat) events.pop()
  events.push(event)
}

type Numbers = {
  readonly live: Live
  readonly progress: Progress
  readonly parts: readonly PartStatus[]
}

type Heard = Numbers & {
  readonly missed: readonly Gap[]
  readonly connection: Connection
  readonly shared: boolean
  readonly nowMs: number
}

function signsOf({ live, progress, parts, connection, shared, missed, nowMs }: Heard) {
  const has = (name: string) => parts.some(({ part }) => part === name)
  const { connected, closedCause, symbols } = connection
  return {
    recorder: has('record') || (shared && recordsElsewhere(connection, nowMs)),
    lander: has('land') || (shared && landsElsewhere(progress)),
    stopped: stoppedOf(parts),
    connected,
    closedCause,
    lastTradeMs: live.lastReceivedMs(),
    silenceMs: live.silenceMs(missed.filter(({ symbol }) => symbol === null)),
    marketOpen: marketOpen(symbols, nowMs),
    lagSeconds: progress.lagSeconds,
  }
}

const feedOf = (live: Live) => {
  const lastMs = live.lastTradeMs()
  return {
    trades_per_second: live.perSecond(),
    latency_ms: live.latency().feed,
    last_trade_at: lastMs === null ? null : isoOf(lastMs),
  }
}

const tapeOf = ({ live, progress, parts }: Numbers) => {
  const recorder = parts.find(({ part }) => part === 'record')
  const waiting = sampleOf(recorder, 'ticklake_queue_bytes')
  const limit = sampleOf(recorder, 'ticklake_queue_limit_bytes')
  return {
    records: progress.records,
    buffer_fill: waiting === null || limit === null ? null : Math.min(1, waiting / limit),
    append_ms: live.latency().tape,
    marked_today: live.redelivered(),
  }
}

const lakeOf = ({ progress, parts }: Pick<Numbers, 'progress' | 'parts'>) => ({
  lag_records: progress.lagRecords,
  lag_seconds: progress.lagSeconds,
  last_commit: lastCommit(parts),
})

function lastCommit(parts: readonly PartStatus[]): Status['lake']['last_commit'] {
  const lander = parts.find(({ part }) => part === 'land')
  const records = lander && {
    ...lander,
    samples: lander.samples.filter(({ labels }) => labels.table === 'records'),
  }
  const seconds = sampleOf(records, 'ticklake_lake_last_commit_timestamp_seconds')
  const rows = sampleOf(records, 'ticklake_land_last_commit_rows')
  const bytes = sampleOf(records, 'ticklake_land_last_commit_bytes')
  return seconds === null || rows === null ? null : { at: isoOf(seconds * 1000), rows, bytes }
}

/** Gaps that reach into the day, cut at its start; stretches that touch count once, whatever their symbols. */
export function gapsSince(all: readonly Gap[], startMs: number): Status['gaps_today'] {
  const today = all
    .filter(({ to }) => to > startMs)
    .map((gap) => ({ ...gap, from: Math.max(gap.from, startMs) }))
    .sort((a, b) => a.from - b.from)
  let reached = Number.NEGATIVE_INFINITY
  let missed = 0
  let count = 0
  for (const { from, to } of today) {
    if (from > reached) count += 1
    missed += Math.max(0, to - Math.max(from, reached))
    reached = Math.max(reached, to)
  }
  const latest = stretches(today).slice(-GAPS_LISTED_MAX).toReversed()
  return {
    count,
    seconds: missed / 1000,
    latest: latest.map(({ symbols, from, to, cause, open }) => ({
      symbols: [...symbols],
      from: isoOf(from),
      to: isoOf(to),
      cause,
      open,
    })),
  }
}

/** Gaps of several symbols that are the same stretch for the same cause, as one. */
function stretches(
  all: readonly Gap[],
): readonly (Omit<Gap, 'symbol'> & { readonly symbols: readonly string[] })[] {
  const same = Map.groupBy(
    all,
    ({ symbol, from, to, cause }) => `${symbol === null} ${from} ${to} ${cause}`,
  )
  return [...same.values()].flatMap((group) => {
    const [first] = group
    if (first === undefined) return []
    const { from, to, cause, open } = first
    const symbols = group.flatMap(({ symbol }) => (symbol === null ? [] : [symbol]))
    return [{ symbols, from, to, cause, open }]
  })
}

/** Where to begin to read so that at most `count` records of each partition come first. */
export const lastOf = (
  bounds: ReadonlyMap<Partition, Bounds>,
  count: number,
): ReadonlyMap<Partition, Offset> =>
  new Map(
    [...bounds].map(([partition, { earliest, end }]) => [
      partition,
      Math.max(earliest, end - count) as Offset,
    ]),
  )
