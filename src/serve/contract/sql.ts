import { z } from 'zod'
import { ApiError, Reach } from './common.ts'

export const EXPORT_FORMATS = ['parquet', 'csv', 'ndjson'] as const

export const SqlQuery = z.object({
  sql: z.string().min(1).max(100_000),
  rows_max: z.number().int().min(1).max(100_000).default(10_000),
})

export const Column = z.object({ name: z.string(), type: z.string() })
export type Column = z.infer<typeof Column>

/**
 * A line of what POST /api/sql answers (NDJSON): one `head`, any number of `rows`, then `end` or `error`. What is
 * wrong from the start is an error's status and body instead. In `rows` a number that may pass 2^53 is text.
 */
export const SqlLine = z.discriminatedUnion('kind', [
  Reach.extend({
    kind: z.literal('head'),
    columns: z.array(Column),
    planned: z
      .object({ files: z.number().int(), bytes: z.number().int() })
      .nullable()
      .describe('Data files that had to be opened'),
  }),
  z.object({ kind: z.literal('rows'), rows: z.array(z.array(z.unknown())) }),
  z.object({
    kind: z.literal('end'),
    rows: z.number().int(),
    truncated: z.boolean().describe('There are more than rows_max'),
    millis: z.number(),
  }),
  ApiError.extend({ kind: z.literal('error') }),
])
export type SqlLine = z.infer<typeof SqlLine>

export const CheckQuery = z.object({ sql: z.string().min(1).max(100_000) })
/** What the statement would give, or what is wrong with it: a browser logs no failure while somebody types. */
export const CheckAnswer = z.object({
  columns: z.array(Column),
  error: ApiError.shape.error.nullable(),
})
export type CheckAnswer = z.infer<typeof CheckAnswer>

export const ExportQuery = z.object({
  sql: z.string().min(1).max(100_000),
  format: z.enum(EXPORT_FORMATS),
})
/** A download that GET gives once, within a minute. */
export const ExportAnswer = z.object({ url: z.string() })

export const SchemaAnswer = z.object({
  tables: z.array(
    z.object({
      name: z.string(),
      about: z.string(),
      columns: z.array(Column.extend({ about: z.string() })),
    }),
  ),
  functions: z.array(z.object({ name: z.string(), call: z.string(), about: z.string() })),
})
export type SchemaAnswer = z.infer<typeof SchemaAnswer>
