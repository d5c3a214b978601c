import type { Clock } from '../flow/clock.ts'
import { gaps, type Gap } from '../market/coverage.ts'
import type { SessionEvent } from '../market/feed-events.ts'
import type { Offset, Partition, Positions, Run } from '../market/records.ts'
import { decodeEvent } from '../market/session-events.ts'
import { recordBytes } from '../market/records.ts'
import type { Trades } from '../market/trades.ts'
import type { Bounds, Log } from '../tape/tape.ts'
import { createLive, type Live } from './live.ts'
import type { Sample } from './metrics.ts'
import { receivedAt } from './seek.ts'
import { followEvent, marketOpen, noConnection } from './session.ts'
import { stateOf, stoppedText, type State, type Stopped } from './state.ts'
import { STATUS_STALE_MS, readStatuses, sampleOf, type PartStatus } from './status.ts'

/** Gaps listed on the page, the newest. */
const GAPS_LISTED_MAX = 20
/** Symbols listed on the page. */
const SYMBOLS_LISTED_MAX = 100

/** How far tape and lake are apart. */
export type Progress = {
  /** Records ever written to the tape. */
  readonly records: number
  readonly lagRecords: number | null
  readonly lagSeconds: number | null
}

export type Overview = {
  takeTrades(run: Run): void
  takeFeed(run: Run): void
  setProgress(progress: Progress): void
  /** What the tape is bound to, which the settings of this process need not say. */
  setSource(source: Source): void
  setReady(): void
  /** Null: there is a tape, and what is on it lands or waits to; else why not. */
  unready(): Promise<string | null>
  summary(): Promise<Summary>
  samples(): Promise<readonly Sample[]>
}

/** What /api/summary answers; times are RFC 3339 UTC. */
export type Summary = {
  readonly version: string
  readonly source: string
  readonly simulated: boolean
  readonly state: State
  /** Why landing waits for a person; null: it does not. */
  readonly landing_stopped: Stopped | null
  readonly as_of: string
  readonly trades_per_second: number
  readonly tape: { readonly records: number }
  readonly lake: {
    readonly lag_records: number | null
    readonly lag_seconds: number | null
    readonly last_commit: { readonly at: string; readonly rows: number } | null
  }
  readonly gaps_today: {
    readonly count: number
    readonly seconds: number
    readonly latest: readonly {
      /** Empty: of all symbols. */
      readonly symbols: readonly string[]
      readonly from: string
      readonly to: string
      readonly cause: string
      readonly open: boolean
    }[]
  }
  readonly counted_since: string | null
  readonly latest: readonly unknown[]
  readonly symbols: readonly unknown[]
  readonly parts: readonly { readonly part: string; readonly state: string; readonly pid: number }[]
}

export type Source = { readonly source: string; readonly simulated: boolean }

export type OverviewOptions = {
  readonly clock: Clock
  readonly decode: (run: Run) => Trades
  /** Until the tape says what it is bound to. */
  readonly source: Source
  readonly version: string
  readonly statusDir: string
  /** Start of the day that "today" means, ms since 1970 UTC. */
  readonly dayStart: (nowMs: number) => number
  readonly ownSamples: () => readonly Sample[]
}

const iso = (ms: number): string => new Date(ms).toISOString()

/** Everything that the page and `/metrics` say, kept from what the tape, the lake and the parts say. */
export function createOverview(options: OverviewOptions): Overview {
  const { clock, decode, statusDir } = options
  const live = createLive(decode, clock)
  const connection = noConnection()
  const events: SessionEvent[] = []
  let progress: Progress = { records: 0, lagRecords: null, lagSeconds: null }
  let ready = false
  let { source } = options
  const statuses = async (): Promise<readonly PartStatus[]> => {
    const all = await readStatuses(statusDir)
    return active(all.filter(({ at }) => clock.now() - at < STATUS_STALE_MS))
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
    summary: async () => {
      const parts = await statuses()
      const nowMs = clock.now()
      const has = (name: string) => parts.some(({ part }) => part === name)
      const { connected, closedCause, symbols } = connection
      const state = stateOf({
        nowMs,
        ...source,
        recorder: has('record'),
        lander: has('land'),
        stopped: stoppedOf(parts),
        connected,
        closedCause,
        lastTradeMs: live.lastReceivedMs(),
        marketOpen: marketOpen(symbols, nowMs),
        lagSeconds: progress.lagSeconds,
      })
      const today = gapsSince(gaps(events, nowMs), options.dayStart(nowMs))
      const since = live.countedSinceMs()
      return {
        version: options.version,
        ...source,
        state,
        landing_stopped: stoppedOf(parts),
        ...numbersOf({ live, progress, parts, nowMs }),
        gaps_today: today,
        counted_since: since === null ? null : iso(since),
      }
    },
    samples: async () => [
      ...options.ownSamples(),
      ...samplesOf({ live, progress, parts: await statuses() }),
    ],
  }
}

function samplesOf({ live, progress, parts }: Omit<Numbers, 'nowMs'>): readonly Sample[] {
  const gauge = (name: string, value: number | null): readonly Sample[] =>
    value === null ? [] : [{ name, labels: {}, value }]
  return [
    ...parts.flatMap(({ samples }) => samples),
    ...parts.map(({ part }) => ({ name: 'ticklake_part_up', labels: { part }, value: 1 })),
    ...gauge('ticklake_tape_records', progress.records),
    ...gauge('ticklake_tape_lag_records', progress.lagRecords),
    ...gauge('ticklake_tape_lag_seconds', progress.lagSeconds),
    ...gauge('ticklake_trades_per_second', live.perSecond()),
  ]
}

const stoppedOf = (parts: readonly PartStatus[]): Stopped | null =>
  parts.find(({ part }) => part === 'land')?.stopped ?? null

/** One status a part: of those that work the newest (a killed one's stays a moment), else a standby's. */
const active = (statuses: readonly PartStatus[]): readonly PartStatus[] =>
  [...Map.groupBy(statuses, ({ part }) => part).values()].flatMap((same) => {
    const newest = same.toSorted((a, b) => b.at - a.at)
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
  readonly nowMs: number
}
const numbersOf = ({ live, progress, parts, nowMs }: Numbers) => ({
  as_of: iso(nowMs),
  trades_per_second: live.perSecond(),
  tape: { records: progress.records },
  lake: {
    lag_records: progress.lagRecords,
    lag_seconds: progress.lagSeconds,
    last_commit: lastCommit(parts),
  },
  ...tradesOf(live),
  parts: parts.map(({ part, state, pid }) => ({ part, state, pid })),
})

const tradesOf = (live: Live) => ({
  latest: live.latest().map((trade) => ({
    ...trade,
    ts: iso(trade.ts),
    received_at: iso(trade.received_at),
  })),
  symbols: live
    .symbols()
    .slice(0, SYMBOLS_LISTED_MAX)
    .map((row) => ({ ...row, last_ts: iso(row.last_ts) })),
})

function lastCommit(parts: readonly PartStatus[]): { at: string; rows: number } | null {
  const lander = parts.find(({ part }) => part === 'land')
  const records = lander && {
    ...lander,
    samples: lander.samples.filter(({ labels }) => labels.table === 'records'),
  }
  const seconds = sampleOf(records, 'ticklake_lake_last_commit_timestamp_seconds')
  const rows = sampleOf(records, 'ticklake_land_last_commit_rows')
  return seconds === null || rows === null ? null : { at: iso(seconds * 1000), rows }
}

/** Gaps that reach into the day, cut at its start; stretches that touch count once, whatever their symbols. */
export function gapsSince(all: readonly Gap[], startMs: number): Summary['gaps_today'] {
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
    latest: latest.map((gap) => ({ ...gap, from: iso(gap.from), to: iso(gap.to) })),
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

/** How far the lake is behind the tape, in records, and in seconds by the oldest record not yet landed. */
export async function progressOf(
  log: Log,
  positions: (partitions: readonly Partition[]) => Promise<Positions>,
  { clock, signal }: { clock: Clock; signal: AbortSignal },
): Promise<Progress> {
  const bounds = await log.bounds()
  const landed = await positions([...bounds.keys()])
  let records = 0
  let lagRecords = 0
  let oldest: number | null = null
  for (const [partition, { earliest, end }] of bounds) {
    records += end
    const next = landedNext(landed, partition, earliest)
    lagRecords += Math.max(0, end - next)
    if (next >= end) continue
    const at = await receivedAt(log, { partition, at: next, signal })
    if (at !== null) oldest = Math.min(oldest ?? at, at)
  }
  const lagSeconds = oldest === null ? 0 : Math.max(0, clock.now() - oldest) / 1000
  return { records, lagRecords, lagSeconds }
}

/** What is on the tape, where the lake cannot be asked. */
export async function tapeOnly(log: Pick<Log, 'bounds'>): Promise<Progress> {
  const ends = [...(await log.bounds()).values()].map(({ end }) => Number(end))
  return { records: ends.reduce((sum, end) => sum + end, 0), lagRecords: null, lagSeconds: null }
}

const landedNext = (landed: Positions, partition: Partition, earliest: Offset): Offset => {
  const next = landed.get(partition)?.next
  return next === undefined || next < earliest ? earliest : next
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
