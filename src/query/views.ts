import type { ListingOverrides } from '../market/sessions.ts'
import { barsOfWidthQuery, dayBarsQuery, minuteBarsQuery } from './bars-view.ts'
import { calendarQuery } from './calendar-view.ts'
import type { Target } from './dialect.ts'
import { duckdb } from './dialects/duckdb.ts'
import { athena, trino } from './dialects/trino.ts'
import { gapsQuery } from './gaps-view.ts'
import { tradesQuery } from './trades-view.ts'
import { aboutRelation } from './view-docs.ts'

type Moment = {
  /** The moment at which an open gap ends, ms since 1970 UTC; 'now' asks the engine's clock in each query. */
  readonly nowMs?: number | 'now'
}
export type ViewOptions = ListingOverrides & Moment

const DUCKDB: Target = { dialect: duckdb, relation: (name) => name }

/**
 * DuckDB statements, to be run in order on a connection whose TimeZone is UTC and that has the relations
 * `records` and `feed_log` (columns of market/tables.ts). They make the table `us_calendar`, the views
 * `trades`, `dead_letters`, `bars_1m`, `bars_1d`, `gaps` and the table macro
 * `bars(width, from_ts := NULL, to_ts := NULL)`. Each replaces what has its name, so they may be run again.
 */
export function viewStatements(options: ViewOptions = {}): readonly string[] {
  return viewsOf(DUCKDB, options).flatMap(({ name, query }) => [
    `CREATE OR REPLACE ${name === 'us_calendar' ? 'TABLE' : 'VIEW'} ${name} AS ${query}`,
    ...(name === 'bars_1d'
      ? [
          `CREATE OR REPLACE MACRO bars(width, from_ts := NULL, to_ts := NULL) AS TABLE ${barsOfWidthQuery(DUCKDB)}`,
        ]
      : []),
  ])
}

export type EngineViewOptions = Moment & {
  readonly dialect: 'trino' | 'athena'
  /** The engine's name of the catalog that has the tables; absent: that of the session. */
  readonly catalog?: string
  /** The Glue database (Trino: the schema) of the tables, which takes the views too. */
  readonly database: string
  readonly listing?: ListingOverrides
}
/** A statement that makes a view, replacing the one of its name; `why` is one line for people. */
export type EngineView = { readonly name: string; readonly why: string; readonly sql: string }

/**
 * The same views for Trino 476 or Athena engine version 3, to be made in this order: `us_calendar`, `trades`,
 * `dead_letters`, `bars_1m`, `bars_1d`, `gaps`; no `bars()`, since Athena has no macros. The order of the rows of
 * `gaps` is the query's to choose. A filter on `symbol`, on `ts` of `trades`, or on `utc_date`, which `bars_1m` has
 * here for that, leaves files out; one on a bucket or `trade_date` does not. Both engines keep a view as an entry of the Glue database, so the views of one replace
 * those of the other there, and only the engine that made a view can be sure to read it.
 */
export function engineViews(options: EngineViewOptions): readonly EngineView[] {
  const { catalog, database, listing, nowMs } = options
  const path = [...(catalog === undefined ? [] : [catalog]), database]
  const target: Target = {
    dialect: { trino, athena }[options.dialect],
    relation: (name) => [...path, name].map(quoted).join('.'),
  }
  return viewsOf(target, { ...listing, nowMs }).map(({ name, why, query }) => ({
    name,
    why,
    sql: `CREATE OR REPLACE VIEW ${target.relation(name)} AS ${query.trimStart()}`,
  }))
}

const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`

type View = { readonly name: string; readonly why: string; readonly query: string }

function viewsOf(
  target: Target,
  { nowMs = 'now', ...listing }: ListingOverrides & { readonly nowMs?: number | 'now' | undefined },
): readonly View[] {
  const { dialect, relation } = target
  const now = nowMs === 'now' ? dialect.nowMs : `CAST(${nowMs} AS BIGINT)`
  return [
    {
      name: 'us_calendar',
      why: aboutRelation('us_calendar'),
      query: calendarQuery(dialect),
    },
    {
      name: 'trades',
      why: aboutRelation('trades'),
      query: tradesQuery(target, listing),
    },
    {
      name: 'dead_letters',
      why: aboutRelation('dead_letters'),
      query: `
SELECT defect, raw, received_at, source, tape, tape_partition, tape_offset
FROM ${relation('records')} WHERE defect IS NOT NULL`,
    },
    {
      name: 'bars_1m',
      why: aboutRelation('bars_1m'),
      query: minuteBarsQuery(target),
    },
    {
      name: 'bars_1d',
      why: aboutRelation('bars_1d'),
      query: dayBarsQuery(target),
    },
    {
      name: 'gaps',
      why: aboutRelation('gaps'),
      query: gapsQuery(target, now),
    },
  ]
}
