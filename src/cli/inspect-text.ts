import type {
  FileAnswer,
  FilesAnswer,
  LakeAnswer,
  SnapshotsAnswer,
} from '../serve/contract/lake.ts'
import { counted } from './tables.ts'
import { alignColumns, plain } from './terminal.ts'
import { showBytes, showCount } from './times.ts'

/** Least and greatest are cut after so many characters; --json has them whole. */
const BOUND_CHARS_MAX = 32
const NONE = '–'

export function daysText(lake: LakeAnswer): string {
  const lines = lake.days.map((day) => [
    day.day ?? 'no time',
    showCount(day.files),
    showCount(day.small_files),
    showCount(day.rows),
    showBytes(day.bytes),
  ])
  const head = ['DAY UTC', 'FILES', 'SMALL', 'ROWS', 'SIZE']
  const right = [false, true, true, true, true]
  const struck =
    lake.deleted_rows === 0 ? '' : ` (${showCount(lake.deleted_rows)} struck out by other engines)`
  return (
    `${lake.table} in ${plain(lake.location)}, catalog ${plain(lake.catalog)}\n` +
    `snapshot ${lake.snapshot ?? 'none yet'} (${showCount(lake.snapshots)} kept): ${counted(lake.files, 'file')}, ` +
    `${counted(lake.rows, 'row')}${struck}, ${showBytes(lake.bytes)}\n` +
    (lines.length === 0 ? '' : alignColumns([head, ...lines], right)) +
    smallText(lake)
  )
}

const smallText = ({ small_files: small }: LakeAnswer): string =>
  small === 0
    ? ''
    : `${counted(small, 'small file')}: each costs a query time. \`land\` joins them by itself, \`ticklake compact\` now.\n`

export function filesText({ files }: FilesAnswer): string {
  if (files.length === 0) return 'no files\n'
  const head = ['ID', 'ROWS', 'STRUCK', 'SIZE', 'FROM UTC', 'TO', 'SYMBOLS', 'FILE']
  const lines = files.map((file) => [
    file.id,
    showCount(file.rows),
    file.deleted_rows === 0 ? '0' : `≤ ${showCount(file.deleted_rows)}`,
    showBytes(file.bytes),
    timeText(file.from),
    timeText(file.to),
    symbolsText(file),
    plain(file.name),
  ])
  return alignColumns([head, ...lines], [false, true, true, true])
}

export function fileText(file: FileAnswer): string {
  const head = [
    'COLUMN',
    'FIELD',
    'TYPE',
    'SIZE',
    'NULLS',
    'LEAST',
    'GREATEST',
    'CODEC',
    'ENCODINGS',
  ]
  const lines = file.columns.map((column) => [
    plain(column.name),
    column.field_id === null ? NONE : String(column.field_id),
    plain(column.type),
    showBytes(column.bytes),
    column.nulls === null ? NONE : showCount(column.nulls),
    boundText(column.min),
    boundText(column.max),
    column.compression,
    column.encodings,
  ])
  const groups = file.row_groups.map(
    ({ rows, bytes }) => `${showCount(rows)} (${showBytes(bytes)})`,
  )
  const struck =
    file.deleted_rows === 0 ? '' : `, at most ${showCount(file.deleted_rows)} struck out`
  return (
    `${plain(file.name)}\n` +
    `day ${file.day ?? 'no time'}, ${counted(file.rows, 'row')}${struck}, ${showBytes(file.bytes)}\n` +
    `from ${timeText(file.from)} to ${timeText(file.to)} UTC, symbols ${symbolsText(file)}\n` +
    `written by ${plain(file.created_by ?? 'an unknown program')}; rows by row group: ${groups.join(', ')}\n` +
    alignColumns([head, ...lines], [false, true, false, true, true])
  )
}

export function snapshotsText({ snapshots }: SnapshotsAnswer): string {
  if (snapshots.length === 0) return 'no snapshots: nothing was committed yet\n'
  const head = [
    'SNAPSHOT',
    'AT UTC',
    'OPERATION',
    '+ROWS',
    '-ROWS',
    '+FILES',
    '-FILES',
    'ROWS',
    'BY',
  ]
  const count = (value: number | null) => (value === null ? NONE : showCount(value))
  const lines = snapshots.map((one) => [
    one.id,
    timeText(one.at),
    plain(one.operation),
    count(one.added_rows),
    count(one.removed_rows),
    count(one.added_files),
    count(one.removed_files),
    count(one.total_rows),
    plain(one.by ?? NONE),
  ])
  const right = [false, false, false, true, true, true, true, true]
  return alignColumns([head, ...lines], right)
}

const timeText = (time: string | null): string =>
  time === null ? NONE : time.replace('T', ' ').replace('Z', '')

const symbolsText = ({
  first_symbol: first,
  last_symbol: last,
}: Pick<FileAnswer, 'first_symbol' | 'last_symbol'>): string =>
  first === null && last === null
    ? NONE
    : plain(first === last ? (first ?? '') : `${first ?? ''}…${last ?? ''}`)

function boundText(bound: string | null): string {
  if (bound === null) return NONE
  const text = plain(bound)
  return text.length <= BOUND_CHARS_MAX ? text : `${text.slice(0, BOUND_CHARS_MAX - 1)}…`
}
