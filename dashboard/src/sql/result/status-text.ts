import type { Reach } from '../../../../src/serve/contract/common.ts'
import { showBytes, showCount, showSpan } from '../../format.ts'
import type { Planned, RunState } from './reading.ts'

export const rowsText = (rows: number): string =>
  `${showCount(rows)} ${rows === 1 ? 'row' : 'rows'}`

export const spanText = (millis: number): string => showSpan(millis / 1000)

/** '2026-11-27 01:01:53 UTC' */
export const asOfText = (moment: string): string => `${moment.slice(0, 19).replace('T', ' ')} UTC`

export function reachText({ covers, as_of: asOf }: Reach): string {
  return asOf === null ? `${covers}, nothing recorded yet` : `${covers}, as of ${asOfText(asOf)}`
}

/** null: not known. */
export function plannedText(planned: Planned): string | null {
  if (planned === null) return null
  const { files, bytes } = planned
  if (files === 0) return 'no data file opened'
  return `${showCount(files)} data ${files === 1 ? 'file' : 'files'}, ${showBytes(bytes)}`
}

/** 'line 2, column 14' of a place in a statement, both from 1. */
export function placeText(sql: string, position: number): string {
  const before = sql.slice(0, position).split(/\r\n|\n|\r/)
  return `line ${before.length}, column ${(before.at(-1) ?? '').length + 1}`
}

/** What is said when the run begins and ends; null: nothing, or what an alert says. */
export function spokenText({ phase, rows, millis, truncated }: RunState): string | null {
  if (phase === 'running') return 'Running'
  if (phase === 'cancelled') return `Cancelled after ${rowsText(rows)}`
  if (phase !== 'done') return null
  const told = `${rowsText(rows)} in ${spanText(millis ?? 0)}`
  return truncated ? `The first ${told}; there are more` : told
}
