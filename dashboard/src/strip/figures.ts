import type { Status } from '../../../src/serve/contract/status.ts'
import { showAge, showBytes, showCount, showSpan } from '../format.ts'
import type { IconName } from '../shell/icon.tsx'
import type { Tone } from './words.ts'

/** One number of a stage. */
export type Figure = {
  readonly label: string
  readonly value: string
  readonly tone?: Tone
  /** What it is, in a sentence. */
  readonly about: string
  /** From 0 to 1, where it is a part of something. */
  readonly share?: number
}
export type Stage = { readonly name: string; readonly figures: readonly Figure[] }

/** From here on, 0 to 1, a buffer is worth a colour: half full is early enough to look. */
const FILL_WARN = 0.5
const FILL_BAD = 0.9
/** As the server's own rule for Degraded has it, seconds. */
const LAG_WARN_SECONDS = 120

/** The way of a trade through the product, stage by stage. */
export const stagesOf = (status: Status, nowMs: number): readonly Stage[] => [
  { name: 'Feed', figures: feedFigures(status.feed) },
  { name: 'Tape', figures: tapeFigures(status.tape) },
  { name: 'Lake', figures: lakeFigures(status.lake, nowMs) },
  { name: 'Query', figures: queryFigures(status.query) },
]

/** '12', '0.4': below ten the tenth counts. */
export const showRate = (perSecond: number): string =>
  perSecond > 0 && perSecond < 9.95 ? perSecond.toFixed(1) : showCount(perSecond)

type Percentiles = { readonly p50: number; readonly p99: number }
const showMillis = (of: Percentiles | null): string =>
  of === null ? '–' : `${showSpan(of.p50 / 1000)} / ${showSpan(of.p99 / 1000)}`

const feedFigures = (feed: Status['feed']): readonly Figure[] => [
  {
    label: 'trades/s',
    value: showRate(feed.trades_per_second),
    about: `Trades that came in the last second, of ${showCount(feed.symbols)} symbols`,
  },
  {
    label: 'latency p50 / p99',
    value: showMillis(feed.latency_ms),
    about:
      'From the trade to its arrival, in the last minute: half of them and 99 % took at most this',
  },
]

const tapeFigures = (tape: Status['tape']): readonly Figure[] => [
  { label: 'records', value: showCount(tape.records), about: 'Records on the tape' },
  {
    label: 'append p50 / p99',
    value: showMillis(tape.append_ms),
    about: 'From the arrival until it could be read from the tape, in the last minute',
  },
  ...(tape.buffer_fill === null ? [] : [bufferFigure(tape.buffer_fill)]),
]

function bufferFigure(fill: number): Figure {
  const tone = fill >= FILL_BAD ? 'bad' : fill >= FILL_WARN ? 'warn' : undefined
  return {
    label: 'buffer',
    value: `${Math.round(fill * 100)}%`,
    share: fill,
    about: 'How full the queue before the tape is; when it is full, trades are dropped',
    ...(tone === undefined ? {} : { tone }),
  }
}

function lakeFigures(lake: Status['lake'], nowMs: number): readonly Figure[] {
  const late = (lake.lag_seconds ?? 0) > LAG_WARN_SECONDS
  return [
    {
      label: 'lag',
      value:
        lake.lag_records === null
          ? '–'
          : `${showCount(lake.lag_records)} · ${showSpan(lake.lag_seconds)}`,
      about: 'What the lake is behind the tape: records, and the age of the oldest of them',
      ...(late ? { tone: 'warn' as const } : {}),
    },
    ...commitFigures(lake.last_commit, nowMs),
  ]
}

function commitFigures(commit: Status['lake']['last_commit'], nowMs: number): readonly Figure[] {
  if (commit === null)
    return [{ label: 'last commit', value: '–', about: 'Nothing was committed to the lake yet' }]
  const { at, rows, bytes } = commit
  const size = bytes === null ? '' : ` · ${showBytes(bytes)}`
  return [
    {
      label: 'last commit',
      value: `${showAge((nowMs - Date.parse(at)) / 1000)} ago`,
      about: 'When rows were last committed to the lake',
    },
    {
      label: 'committed',
      value: `${showCount(rows)} rows${size}`,
      about: 'What the last commit added to the lake',
    },
  ]
}

const queryFigures = (query: Status['query']): readonly Figure[] => [
  { label: 'running', value: showCount(query.running), about: 'Queries that run now' },
  {
    label: 'took p50 / p99',
    value: showMillis(query.millis),
    about: 'How long the last hundred queries took: half of them and 99 % at most this',
  },
]

/** '3 gaps · 42 s', 'no gaps'. */
export function showGaps({ count, seconds }: Status['gaps_today']): string {
  if (count === 0) return 'No gaps'
  return `${showCount(count)} ${count === 1 ? 'gap' : 'gaps'} · ${showSpan(seconds)}`
}

/** What happened to trades today that a person should know of, each with a sign beside its colour. */
export function marksOf({
  dropped_today: dropped,
  marked_today: marked,
}: Status['tape']): readonly Mark[] {
  const marks: Mark[] = []
  if (dropped > 0)
    marks.push({
      tone: 'bad',
      icon: 'cross',
      text: `Dropped: ${showCount(dropped)} ${dropped === 1 ? 'gap' : 'gaps'}`,
      about: 'Gaps today because the queue before the tape was full: those trades are lost',
    })
  if (marked > 0)
    marks.push({
      tone: 'warn',
      icon: 'triangle',
      text: `Marked: ${showCount(marked)}`,
      about:
        'Trades that the feed sent again: kept on the tape and marked, so that none counts twice',
    })
  return marks
}

export type Mark = {
  readonly tone: Tone
  readonly icon: IconName
  readonly text: string
  readonly about: string
}
