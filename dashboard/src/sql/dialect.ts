import { SQLDialect } from '@codemirror/lang-sql'

/** Of reading: nothing else may run here. */
const KEYWORDS = `
all and anti any array as asc asof at between by case cast collate columns cross current cube describe desc
distinct else end escape except exclude exists explain analyze extract false filter first following for from full
glob group grouping groups having ignore ilike in inner intersect interval is isnull join lambda last lateral left
like limit local materialized name natural not notnull null nulls offset on or order ordinality outer over
partition pivot position positional preceding qualify range recursive rename repeatable replace respect right
rollup row rows sample select semi sets show similar some struct summarize table tablesample then ties to trailing
true try_cast unbounded union unpivot using values when where window with within without`

const TYPES = `
bigint bit blob bool boolean char date datetime decimal double enum float float4 float8 hugeint int int1 int2 int4
int8 integer json list long map numeric real signed smallint string text time timestamp timestamptz timestamp_ms
timestamp_ns timestamp_s tinyint ubigint uhugeint uinteger usmallint utinyint uuid varchar`

/** DuckDB's SQL: that of PostgreSQL with more, of which the editor needs to know the words. */
export const DUCKDB = SQLDialect.define({
  keywords: KEYWORDS.trim().replaceAll('\n', ' '),
  types: TYPES.trim().replaceAll('\n', ' '),
  doubleDollarQuotedStrings: true,
  operatorChars: '+-*/<>=~!@%^&|:?',
  specialVar: '',
  caseInsensitiveIdentifiers: true,
})
