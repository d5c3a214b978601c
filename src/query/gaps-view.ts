import { ALIVE_LATE_MS, CAUSES, STALL_MS } from '../market/coverage.ts'

const word = (cause: string): string => `'${cause.replaceAll("'", "''")}'`

/**
 * The events that count, numbered: logs of several tapes follow each other in the order of their first record.
 * The beats between two other events are one: they are nearly the whole log, and only their maxima matter.
 */
const EVENTS = `
tape_order AS (
  SELECT tape, row_number() OVER (ORDER BY min(received_at), tape) AS tape_number
  FROM feed_log GROUP BY tape
), timed AS (
  SELECT tape, tape_partition, tape_offset, kind, recorder, epoch, symbols, cause,
    epoch_ms(occurred_at) AS at_ms, epoch_ms(from_ts) AS from_ms, epoch_ms(to_ts) AS to_ms,
    max(CASE WHEN kind <> 'alive' THEN tape_offset END) OVER (
      PARTITION BY tape, tape_partition ORDER BY tape_offset ROWS UNBOUNDED PRECEDING) AS since
  FROM feed_log WHERE kind IS NOT NULL
), said AS (
  SELECT tape, tape_partition, min(tape_offset) AS tape_offset, kind, recorder, epoch,
    any_value(symbols) AS symbols, any_value(cause) AS cause, max(at_ms) AS at_ms,
    arg_min(at_ms, tape_offset) AS first_ms, max(from_ms) AS from_ms, max(to_ms) AS to_ms
  FROM timed GROUP BY tape, tape_partition, since, kind, recorder, epoch
), event AS (
  SELECT row_number() OVER (ORDER BY o.tape_number, s.tape_partition, s.tape_offset) AS seq,
    o.tape_number, s.kind, s.recorder, s.epoch, s.symbols, s.cause, s.at_ms, s.first_ms, s.from_ms, s.to_ms
  FROM said AS s JOIN tape_order AS o ON o.tape = s.tape
), fenced AS (
  SELECT *, max(CASE WHEN kind = 'opened' THEN epoch END) OVER (
    PARTITION BY tape_number ORDER BY seq ROWS UNBOUNDED PRECEDING) AS fence
  FROM event
), accepted AS (
  SELECT *, count(CASE WHEN kind = 'opened' THEN 1 END) OVER (ORDER BY seq ROWS UNBOUNDED PRECEDING)
    AS connection
  FROM fenced WHERE kind = 'hole_accepted' OR fence IS NULL OR epoch >= fence
)`

/** Each connection with the stretch that it covers, cuts aside. */
const connections = (now: string): string => `
span AS (SELECT arg_min(first_ms, seq) AS birth, ${now} AS now_ms FROM event),
opening AS (
  SELECT connection, seq, at_ms AS opened_ms, tape_number, recorder, epoch, min(at_ms) OVER (
    ORDER BY seq ROWS BETWEEN 1 FOLLOWING AND UNBOUNDED FOLLOWING) AS later_ms
  FROM accepted WHERE kind = 'opened'
), own AS (
  SELECT e.*, o.opened_ms, o.later_ms, min(CASE WHEN e.kind IN ('closed', 'lease_lost') THEN e.seq END)
    OVER (PARTITION BY e.connection) AS end_seq
  FROM accepted AS e JOIN opening AS o ON o.connection = e.connection
    AND o.tape_number = e.tape_number AND o.recorder = e.recorder AND o.epoch = e.epoch
  WHERE e.kind <> 'hole_accepted'
), living AS (
  SELECT * FROM own WHERE end_seq IS NULL OR seq <= end_seq
), summary AS (
  SELECT connection, opened_ms, later_ms, max(at_ms) AS sign_ms,
    greatest(opened_ms, coalesce(max(CASE WHEN kind IN ('unreadable', 'unknown') THEN at_ms
      WHEN kind IN ('alive', 'closed', 'dropped') THEN to_ms END), opened_ms)) AS frame_ms,
    max(CASE WHEN seq <> end_seq THEN NULL WHEN kind = 'closed' THEN coalesce(cause, ${word(CAUSES.closed)})
      WHEN kind = 'lease_lost' THEN coalesce(cause, ${word(CAUSES.leaseLost)}) END) AS end_cause
  FROM living GROUP BY connection, opened_ms, later_ms
), judged AS (
  SELECT s.*, end_cause IS NULL AND later_ms IS NULL AS unended,
    sign_ms >= now_ms - ${ALIVE_LATE_MS} AS fresh, frame_ms >= now_ms - ${STALL_MS} AS heard, birth, now_ms
  FROM summary AS s CROSS JOIN span
), placed AS (
  SELECT connection, opened_ms, greatest(opened_ms, birth) AS from_ms,
    CASE WHEN unended AND fresh AND heard THEN now_ms
      ELSE least(frame_ms, coalesce(later_ms, frame_ms), now_ms) END AS to_ms,
    coalesce(end_cause, CASE WHEN unended AND fresh THEN ${word(CAUSES.stalled)}
      ELSE ${word(CAUSES.stopped)} END) AS cause
  FROM judged
), covering AS (SELECT * FROM placed WHERE from_ms < to_ms)`

/** The stretches in which we were and were not covered, by a sweep over the ends of connections and cuts. */
const STRETCHES = `
wide_cut AS (
  SELECT seq, coalesce(from_ms, at_ms) AS from_ms,
    greatest(coalesce(to_ms, at_ms), coalesce(from_ms, at_ms) + 1) AS to_ms,
    coalesce(cause, CASE kind WHEN 'dropped' THEN ${word(CAUSES.dropped)}
      WHEN 'unreadable' THEN ${word(CAUSES.unreadable)} ELSE ${word(CAUSES.hole)} END) AS cause
  FROM accepted WHERE kind IN ('dropped', 'unreadable', 'hole_accepted')
), clipped_cut AS (
  SELECT seq, greatest(from_ms, birth) AS from_ms, least(to_ms, now_ms) AS to_ms, cause
  FROM wide_cut CROSS JOIN span
), cut AS (SELECT * FROM clipped_cut WHERE from_ms < to_ms),
edge AS (
  SELECT from_ms AS t, 1 AS cover, 0 AS cuts FROM covering
  UNION ALL SELECT to_ms, -1, 0 FROM covering
  UNION ALL SELECT from_ms, 0, 1 FROM cut
  UNION ALL SELECT to_ms, 0, -1 FROM cut
  UNION ALL SELECT birth, 0, 0 FROM span
), swept AS (
  SELECT t, sum(sum(cover)) OVER (ORDER BY t) > 0 AND sum(sum(cuts)) OVER (ORDER BY t) = 0 AS covered
  FROM edge GROUP BY t
), turning AS (
  SELECT t, covered, lag(covered) OVER (ORDER BY t) AS before FROM swept
  WHERE t < (SELECT now_ms FROM span)
), stretch AS (
  SELECT t AS from_ms, covered,
    coalesce(lead(t) OVER (ORDER BY t), (SELECT now_ms FROM span)) AS to_ms
  FROM turning WHERE before IS NULL OR covered <> before
)`

/** Where a connection covers and a symbol that was ever named is not subscribed on it. */
const SYMBOLS = `
named AS (
  SELECT seq, connection, kind, at_ms, cause,
    unnest(list_distinct(from_json(symbols, '["VARCHAR"]'))) AS symbol
  FROM accepted WHERE kind IN ('subscribed', 'unsubscribed', 'refused') AND symbols IS NOT NULL
), change AS (
  SELECT n.connection, n.symbol, n.seq, n.kind = 'subscribed' AS subscribed,
    coalesce(n.cause, CASE n.kind WHEN 'refused' THEN ${word(CAUSES.refused)}
      ELSE ${word(CAUSES.unsubscribed)} END) AS cause,
    greatest(p.opened_ms, max(n.at_ms) OVER (PARTITION BY n.connection, n.symbol
      ORDER BY n.seq ROWS UNBOUNDED PRECEDING)) AS from_ms
  FROM named AS n JOIN covering AS p ON p.connection = n.connection
    SEMI JOIN living AS l ON l.seq = n.seq
  UNION ALL
  SELECT p.connection, s.symbol, -1, false, ${word(CAUSES.notSubscribed)}, p.from_ms
  FROM covering AS p CROSS JOIN (SELECT DISTINCT symbol FROM named) AS s
), state AS (
  SELECT *, lead(from_ms) OVER (PARTITION BY connection, symbol ORDER BY seq) AS until_ms FROM change
), missing AS (
  SELECT s.symbol, s.cause, greatest(s.from_ms, p.from_ms) AS from_ms,
    least(coalesce(s.until_ms, p.to_ms), p.to_ms) AS to_ms
  FROM state AS s JOIN covering AS p ON p.connection = s.connection WHERE NOT s.subscribed
), unsubscribed AS (
  SELECT m.symbol, m.cause, greatest(m.from_ms, g.from_ms) AS from_ms, least(m.to_ms, g.to_ms) AS to_ms
  FROM missing AS m JOIN stretch AS g ON g.from_ms < m.to_ms AND m.from_ms < g.to_ms
  WHERE g.covered AND m.from_ms < m.to_ms
)`

/**
 * The SQL of the view `gaps` over `feed_log`: the answer of market/coverage.ts. `now` is an expression for
 * ms since 1970 UTC.
 */
export const gapsQuery = (now: string): string => `
WITH ${EVENTS}, ${connections(now)}, ${STRETCHES}, ${SYMBOLS}, gap AS (
  SELECT CAST(NULL AS VARCHAR) AS symbol, g.from_ms, g.to_ms,
    coalesce(k.cause, p.cause, ${word(CAUSES.notConnected)}) AS cause
  FROM stretch AS g
  LEFT JOIN (SELECT from_ms, arg_min(cause, seq) AS cause FROM cut GROUP BY from_ms) AS k
    ON k.from_ms = g.from_ms
  LEFT JOIN covering AS p ON p.to_ms = g.from_ms
  WHERE NOT g.covered
  UNION ALL
  SELECT symbol, from_ms, to_ms, cause FROM unsubscribed
)
SELECT symbol, epoch_ms(from_ms) AS from_ts, epoch_ms(to_ms) AS to_ts, cause, to_ms = now_ms AS open
FROM gap CROSS JOIN span WHERE birth < now_ms
ORDER BY symbol NULLS FIRST, from_ms`
