import { ALIVE_LATE_MS, CAUSES, STALL_MS } from '../market/coverage.ts'
import { textLiteral as word, type Target } from './dialect.ts'

/*
 * Trino and Athena have no materialised CTE: each mention of one reads the feed log again. So what a log says is
 * worked out on one line of windows (`told`), which is mentioned four times and no more.
 */

/**
 * The events that count, numbered: logs of several tapes follow each other in the order of their first record.
 * The beats between two other events are one: they are nearly the whole log, and only their maxima matter.
 */
const events = ({ dialect, relation }: Target): string => `
timed AS (
  SELECT tape, tape_partition, tape_offset, kind, recorder, epoch, symbols, cause, received_at,
    ${dialect.millisOf('occurred_at')} AS at_ms, ${dialect.millisOf('from_ts')} AS from_ms,
    ${dialect.millisOf('to_ts')} AS to_ms,
    max(CASE WHEN kind <> 'alive' THEN tape_offset END) OVER (
      PARTITION BY tape, tape_partition ORDER BY tape_offset ROWS UNBOUNDED PRECEDING) AS since
  FROM ${relation('feed_log')}
), said AS (
  SELECT tape, tape_partition, min(tape_offset) AS tape_offset, kind, recorder, epoch,
    ${dialect.anyValue('symbols')} AS symbols, ${dialect.anyValue('cause')} AS cause, max(at_ms) AS at_ms,
    ${dialect.argMin({ value: 'at_ms', by: ['tape_offset'] })} AS first_ms, max(from_ms) AS from_ms,
    max(to_ms) AS to_ms, min(received_at) AS received_at
  FROM timed GROUP BY tape, tape_partition, since, kind, recorder, epoch
), dated AS (
  SELECT *, min(received_at) OVER (PARTITION BY tape) AS tape_ts FROM said
), event AS (
  SELECT *, row_number() OVER (ORDER BY tape_ts, tape, tape_partition, tape_offset) AS seq
  FROM dated WHERE kind IS NOT NULL
), fenced AS (
  SELECT *, max(CASE WHEN kind = 'opened' THEN epoch END) OVER (
      PARTITION BY tape ORDER BY seq ROWS UNBOUNDED PRECEDING) AS fence,
    first_value(first_ms) OVER (ORDER BY seq ROWS UNBOUNDED PRECEDING) AS birth
  FROM event
), accepted AS (
  SELECT *, count(CASE WHEN kind = 'opened' THEN 1 END) OVER (ORDER BY seq ROWS UNBOUNDED PRECEDING)
    AS connection,
    min(CASE WHEN kind = 'opened' THEN at_ms END) OVER (
      ORDER BY seq DESC ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS later_ms
  FROM fenced WHERE kind = 'hole_accepted' OR fence IS NULL OR epoch >= fence
)`

/** A connection's first event is the one that opened it, whoever speaks after that. */
const OPENING = 'OVER (PARTITION BY connection ORDER BY seq ROWS UNBOUNDED PRECEDING)'

/** Each event with the stretch that its connection covers, cuts aside; before the first connection: null. */
const connections = ({ dialect }: Target, now: string): string => `
begun AS (
  SELECT *, first_value(at_ms) ${OPENING} AS opened_ms, connection > 0 AND kind <> 'hole_accepted'
    AND tape = first_value(tape) ${OPENING} AND recorder = first_value(recorder) ${OPENING}
    AND epoch = first_value(epoch) ${OPENING} AS own
  FROM accepted
), ended AS (
  SELECT *, min(CASE WHEN own AND kind IN ('closed', 'lease_lost') THEN seq END) OVER (
    PARTITION BY connection) AS end_seq
  FROM begun
), living AS (
  SELECT *, own AND (end_seq IS NULL OR seq <= end_seq) AS is_living FROM ended
), judged AS (
  SELECT *, max(CASE WHEN is_living THEN at_ms END) OVER (PARTITION BY connection) AS sign_ms,
    coalesce(max(CASE WHEN NOT is_living THEN NULL WHEN kind IN ('unreadable', 'unknown') THEN at_ms
      WHEN kind IN ('alive', 'closed', 'dropped') THEN to_ms END) OVER (PARTITION BY connection), opened_ms)
      AS vouched_ms,
    max(CASE WHEN NOT is_living OR seq <> end_seq THEN NULL
      WHEN kind = 'closed' THEN coalesce(cause, ${word(CAUSES.closed)})
      WHEN kind = 'lease_lost' THEN coalesce(cause, ${word(CAUSES.leaseLost)}) END) OVER (
      PARTITION BY connection) AS end_cause
  FROM living
), framed AS (
  SELECT *, ${dialect.greatest('opened_ms', 'vouched_ms')} AS frame_ms,
    end_cause IS NULL AND later_ms IS NULL AND sign_ms >= ${now} - ${ALIVE_LATE_MS} AS fresh
  FROM judged
), told AS (
  SELECT seq, kind, at_ms, from_ms, to_ms, cause, symbols, birth, connection, opened_ms, is_living,
    CASE WHEN connection > 0 THEN ${dialect.greatest('opened_ms', 'birth')} END AS cover_from,
    CASE WHEN connection = 0 THEN NULL WHEN fresh AND frame_ms >= ${now} - ${STALL_MS} THEN ${now}
      ELSE ${dialect.least('frame_ms', 'later_ms', now)} END AS cover_to,
    coalesce(end_cause, CASE WHEN fresh THEN ${word(CAUSES.stalled)} ELSE ${word(CAUSES.stopped)} END)
      AS cover_cause
  FROM framed
)`

/** The stretches in which we were and were not covered, by a sweep over the ends of connections and cuts. */
const stretches = ({ dialect }: Target, now: string): string => `
side AS (
  SELECT seq, birth, CASE WHEN kind = 'opened' THEN 1 ELSE 0 END AS cover,
    CASE WHEN kind = 'opened' THEN cover_from
      WHEN kind IN ('dropped', 'unreadable', 'hole_accepted')
      THEN ${dialect.greatest('coalesce(from_ms, at_ms)', 'birth')} END AS begin_ms,
    CASE WHEN kind = 'opened' THEN cover_to ELSE
      ${dialect.least(dialect.greatest('coalesce(to_ms, at_ms)', 'coalesce(from_ms, at_ms) + 1'), now)}
      END AS end_ms,
    CASE WHEN kind = 'opened' THEN cover_cause
      ELSE coalesce(cause, CASE kind WHEN 'dropped' THEN ${word(CAUSES.dropped)}
        WHEN 'unreadable' THEN ${word(CAUSES.unreadable)} ELSE ${word(CAUSES.hole)} END) END AS cause
  FROM told
), edge AS (
  SELECT s.seq, s.birth, e.step * s.cover AS cover, e.step * (1 - s.cover) AS cuts,
    CASE e.step WHEN 1 THEN s.begin_ms WHEN -1 THEN s.end_ms ELSE s.birth END AS t,
    CASE WHEN e.step = 1 AND s.cover = 0 THEN s.cause END AS cut_cause,
    CASE WHEN e.step = -1 AND s.cover = 1 THEN s.cause END AS end_cause
  FROM side AS s CROSS JOIN (VALUES (1), (-1), (0)) AS e(step)
  WHERE CASE WHEN e.step = 0 THEN s.seq = 1 ELSE s.begin_ms < s.end_ms END
), swept AS (
  SELECT t, sum(sum(cover)) OVER (ORDER BY t) > 0 AND sum(sum(cuts)) OVER (ORDER BY t) = 0 AS covered,
    coalesce(${dialect.argMin({ value: 'cut_cause', by: ['seq'] })}, max(end_cause),
      ${word(CAUSES.notConnected)}) AS cause
  FROM edge GROUP BY t
), turning AS (
  SELECT *, lag(covered) OVER (ORDER BY t) AS before FROM swept WHERE t < ${now}
), stretch AS (
  SELECT t AS from_ms, coalesce(lead(t) OVER (ORDER BY t), ${now}) AS to_ms, covered, cause
  FROM turning WHERE before IS NULL OR covered <> before
)`

/** Where a connection covers and a symbol that was ever named is not subscribed on it. */
const symbols = ({ dialect }: Target): string => `
named AS (
  SELECT t.seq, t.kind, t.at_ms, t.cause, t.connection, t.opened_ms, t.is_living, t.cover_from, t.cover_to,
    n.symbol
  FROM told AS t CROSS JOIN UNNEST(${dialect.distinctTexts('t.symbols')}) AS n(symbol)
  WHERE t.kind IN ('subscribed', 'unsubscribed', 'refused')
), change AS (
  SELECT seq, connection, symbol, kind = 'subscribed' AS subscribed,
    coalesce(cause, CASE kind WHEN 'refused' THEN ${word(CAUSES.refused)}
      ELSE ${word(CAUSES.unsubscribed)} END) AS cause,
    ${dialect.greatest('opened_ms', 'reached_ms')} AS from_ms, cover_from, cover_to
  FROM (
    SELECT *, max(at_ms) OVER (
      PARTITION BY connection, symbol ORDER BY seq ROWS UNBOUNDED PRECEDING) AS reached_ms
    FROM named WHERE is_living AND cover_from < cover_to
  ) AS heard
  UNION ALL
  SELECT -1, t.connection, s.symbol, false, ${word(CAUSES.notSubscribed)}, t.cover_from, t.cover_from, t.cover_to
  FROM told AS t CROSS JOIN (SELECT DISTINCT symbol FROM named) AS s
  WHERE t.kind = 'opened' AND t.cover_from < t.cover_to
), state AS (
  SELECT *, lead(from_ms) OVER (PARTITION BY connection, symbol ORDER BY seq) AS until_ms FROM change
), missing AS (
  SELECT symbol, cause, ${dialect.greatest('from_ms', 'cover_from')} AS from_ms,
    ${dialect.least('until_ms', 'cover_to')} AS to_ms
  FROM state WHERE NOT subscribed
)`

/**
 * The SQL of the view `gaps` over `feed_log`: the answer of market/coverage.ts. `now` is an expression for
 * ms since 1970 UTC.
 */
export const gapsQuery = (target: Target, now: string): string => {
  const { dialect } = target
  const from = dialect.greatest('g.from_ms', 'm.from_ms')
  const to = dialect.least('g.to_ms', 'm.to_ms')
  return `
WITH ${events(target)}, ${connections(target, now)}, ${stretches(target, now)}, ${symbols(target)}
SELECT m.symbol, ${dialect.computed(dialect.timestampOf(from))} AS from_ts,
  ${dialect.computed(dialect.timestampOf(to))} AS to_ts, coalesce(m.cause, g.cause) AS cause,
  ${to} = ${now} AS open
FROM stretch AS g LEFT JOIN missing AS m
  ON g.covered AND m.from_ms < m.to_ms AND g.from_ms < m.to_ms AND m.from_ms < g.to_ms
WHERE NOT g.covered OR m.symbol IS NOT NULL
ORDER BY m.symbol NULLS FIRST, from_ts`
}
