import { createRoute } from '@hono/zod-openapi'
import type { Query, Value } from '../../query/query.ts'
import { cellText } from '../../query/row-text.ts'
import { rowsOf, type Bounds } from '../../query/rows.ts'
import { RELATIONS } from '../../query/view-docs.ts'
import { SchemaAnswer, type SchemaAnswer as Schema } from '../contract/sql.ts'
import { answered, FAILURES } from './asking.ts'
import type { Routes } from './routes.ts'

/** Of what DuckDB says about a function, as much as fits beside a list. */
const ABOUT_CHARS_MAX = 160

const route = createRoute({
  method: 'get',
  path: '/api/schema',
  summary: 'What can be asked: relations, columns, functions',
  tags: ['SQL'],
  responses: { 200: answered(SchemaAnswer, 'The same until the program is another'), ...FAILURES },
})

export const schemaRoutes: Routes = (api, sources) => {
  let known: Promise<Schema> | null = null
  api.openapi(route, async (context) => {
    // Shared by whoever asks, so that one of them going away does not end it for the others.
    const bounds = { millisMax: sources.millisMax, signal: new AbortController().signal }
    known ??= sources.asked().then((query) => schemaOf(query, bounds))
    try {
      return context.json(await known, 200)
    } catch (error) {
      known = null
      throw error
    }
  })
}

async function schemaOf(query: Query, bounds: Bounds): Promise<Schema> {
  const tables = []
  for (const { name, about, columns: docs } of RELATIONS) {
    const columns = (await query.check?.(`FROM ${name}`)) ?? []
    const described = columns.map((column) => ({ ...column, about: docs[column.name] ?? '' }))
    tables.push({ name, about, columns: described })
  }
  const { rows } = await rowsOf(query, FUNCTIONS, bounds)
  return { tables, functions: [...OURS, ...rows.map(functionOf)] }
}

const OURS: Schema['functions'] = [
  {
    name: 'bars',
    call: "bars('5m', from_ts := NULL, to_ts := NULL)",
    about: 'Bars of any width, as a table: a number of s, m or h, or 1d; between two times UTC.',
  },
  // DuckDB's list of functions has no description of these.
  ...Object.entries({
    'row_number()': 'Number of the row in its window, from 1.',
    'rank()': 'Rank in the window, with gaps after ties.',
    'dense_rank()': 'Rank in the window, without gaps.',
    'percent_rank()': 'Relative rank in the window, 0 to 1.',
    'cume_dist()': 'Share of the rows of the window up to this one.',
    'ntile(buckets)': 'Which of so many equal parts of the window.',
    'lag(value, offset, default)': 'Value of an earlier row of the window.',
    'lead(value, offset, default)': 'Value of a later row of the window.',
    'first_value(value)': 'Value of the first row of the frame.',
    'last_value(value)': 'Value of the last row of the frame.',
    'nth_value(value, n)': 'Value of the n-th row of the frame.',
    'unnest(list)': 'A row for each element of a list.',
    'now()': 'The moment at which the statement began.',
    'coalesce(value, …)': 'The first value that is not null.',
    'nullif(value, other)': 'Null where both are the same, else the value.',
  }).map(([call, about]) => ({ name: call.slice(0, call.indexOf('(')), call, about })),
]

/** One row a function, by its shortest call; aliases and what only DuckDB itself calls left out. */
const FUNCTIONS = `
SELECT function_name, arg_min(parameters, len(parameters)) AS parameters,
  bool_or(varargs IS NOT NULL) AS more, min(description) AS about
FROM duckdb_functions()
WHERE function_type IN ('scalar', 'aggregate') AND description IS NOT NULL AND alias_of IS NULL
  AND regexp_full_match(function_name, '[a-z][a-z0-9_]*')
  AND NOT regexp_matches(function_name, '^(current_|st_|icu_|enum_|variant_|uuid_extract|make_type|parse_duckdb)|_escape$')
  AND NOT list_contains(['nextval', 'currval', 'setseed', 'write_log', 'sleep_ms', 'txid_current', 'in_search_path',
    'can_cast_implicitly', 'cast_to_type', 'create_sort_key', 'constant_or_null', 'vector_type', 'replace_type',
    'remap_struct', 'timetz_byte_comparable', 'is_histogram_other_bin', 'unpivot_list'], function_name)
GROUP BY function_name ORDER BY function_name`

function functionOf([
  name,
  parameters,
  more,
  about,
]: readonly Value[]): Schema['functions'][number] {
  const named = Array.isArray(parameters) ? parameters.map(textOf) : []
  const call = `${textOf(name)}(${[...named, ...(more === true ? ['…'] : [])].join(', ')})`
  return { name: textOf(name), call, about: shortened(textOf(about)) }
}

const textOf = (value: Value | undefined): string => cellText(value ?? null) ?? ''

const shortened = (text: string): string => {
  const line = text.replaceAll(/\s+/g, ' ').trim()
  return line.length <= ABOUT_CHARS_MAX ? line : `${line.slice(0, ABOUT_CHARS_MAX - 1)}…`
}
