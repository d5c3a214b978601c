import { z } from 'zod'
import { moment, wholeText } from './common.ts'

export const TableName = z.enum(['records', 'feed_log'])

export const LakeDay = z.object({
  day: z.string().nullable().describe('2026-11-20, UTC; null: records without a time'),
  files: z.number().int(),
  small_files: z
    .number()
    .int()
    .describe(
      'Of them below a tenth of what compaction aims at, where the day has others to join them with',
    ),
  rows: z.number().int(),
  deleted_rows: z.number().int().describe('Of them struck out by another engine'),
  bytes: z.number().int(),
})
export type LakeDay = z.infer<typeof LakeDay>
export const LakeQuery = z.object({ table: TableName.default('records') })
export const LakeAnswer = z.object({
  table: TableName,
  location: z.string().describe('Where the lake is'),
  catalog: z.string(),
  snapshot: wholeText().nullable().describe('null: nothing was committed yet'),
  files: z.number().int(),
  small_files: z.number().int(),
  rows: z.number().int(),
  deleted_rows: z.number().int(),
  bytes: z.number().int(),
  snapshots: z.number().int().describe('Kept; a thousand: that many or more'),
  days: z.array(LakeDay).describe('Newest first'),
})
export type LakeAnswer = z.infer<typeof LakeAnswer>

export const FilesQuery = LakeQuery.extend({
  day: z.string().describe('2026-11-20, UTC, or none: records without a time'),
})
export const LakeFile = z.object({
  id: z.string().describe('To ask for it'),
  name: z.string().describe('Below the table'),
  rows: z.number().int(),
  bytes: z.number().int(),
  deleted_rows: z
    .number()
    .int()
    .describe(
      'Struck out by another engine: at most so many, for what strikes them out may speak of other files too',
    ),
  from: moment().nullable().describe('Lowest time in it'),
  to: moment().nullable().describe('Highest time in it'),
  first_symbol: z.string().nullable().describe('No symbol in it is before this; long ones are cut'),
  last_symbol: z.string().nullable().describe('No symbol in it is after this; long ones are cut'),
})
export type LakeFile = z.infer<typeof LakeFile>
export const FilesAnswer = z.object({
  files: z.array(LakeFile).describe('By their lowest time'),
})
export type FilesAnswer = z.infer<typeof FilesAnswer>

export const FileQuery = LakeQuery.extend({ id: z.string() })
export const FileAnswer = LakeFile.extend({
  day: z.string().nullable().describe('As in LakeDay'),
  row_groups: z.array(z.object({ rows: z.number().int(), bytes: z.number().int() })),
  columns: z.array(
    z.object({
      name: z.string(),
      type: z.string(),
      field_id: z.number().int().nullable(),
      compression: z.string(),
      encodings: z.string(),
      bytes: z.number().int(),
      nulls: z.number().int().nullable(),
      min: z.string().nullable(),
      max: z.string().nullable(),
    }),
  ),
  created_by: z.string().nullable(),
})
export type FileAnswer = z.infer<typeof FileAnswer>

export const SnapshotsAnswer = z.object({
  snapshots: z
    .array(
      z.object({
        id: wholeText(),
        at: moment(),
        operation: z.string(),
        added_rows: z.number().int().nullable(),
        removed_rows: z.number().int().nullable(),
        added_files: z.number().int().nullable(),
        removed_files: z.number().int().nullable(),
        total_rows: z.number().int().nullable(),
        total_files: z.number().int().nullable(),
        by: z.string().nullable().describe('The engine that made it, where it says so'),
        landed: z
          .array(
            z.object({
              tape: z.string(),
              tape_partition: z.number().int(),
              first_offset: z.number().int(),
              next_offset: z.number().int(),
            }),
          )
          .describe('The offsets of the rows that came with it; empty: none did, or not known'),
      }),
    )
    .describe('Those that are kept, newest first, a thousand at most'),
})
export type SnapshotsAnswer = z.infer<typeof SnapshotsAnswer>
