import type { DataFile } from '../lake.ts'
import { fromSingleValue } from './single-value.ts'

const DAY_MS = 86_400_000
const MICROS = 1000n // µs a ms

/** Midnight of a day (days since 1970-01-01 UTC) in µs. */
export const startOfDay = (day: number): bigint => BigInt(day) * BigInt(DAY_MS) * MICROS

/** The day of a time in µs. */
export const dayOfMicros = (micros: bigint): number => Math.floor(Number(micros / MICROS) / DAY_MS)

/** Bounds in µs of the timestamp field `id`; where the writer gave none, those of the day; null: unknown. */
export function timeBounds(
  file: DataFile,
  id: number,
): { readonly lower: bigint | null; readonly upper: bigint | null } {
  const { day } = file
  const ofDay = day === null ? null : { lower: startOfDay(day), upper: startOfDay(day + 1) - 1n }
  const read = (bytes: Uint8Array | undefined) => {
    const value = bytes === undefined ? null : fromSingleValue('timestamp', bytes)
    return typeof value === 'bigint' ? value : null
  }
  return {
    lower: read(file.lower.get(id)) ?? ofDay?.lower ?? null,
    upper: read(file.upper.get(id)) ?? ofDay?.upper ?? null,
  }
}

/** A file of another spec has the day that its time bounds agree on, else none. */
export function dayOfTimeBounds(file: DataFile, id: number): number | null {
  const { lower, upper } = timeBounds(file, id)
  if (lower === null || upper === null) return null
  return dayOfMicros(lower) === dayOfMicros(upper) ? dayOfMicros(lower) : null
}
