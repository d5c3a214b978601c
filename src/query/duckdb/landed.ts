import type { Clock } from '../../flow/clock.ts'
import type { DataFile, Lake, LakeSnapshot } from '../../lake/lake.ts'
import type { Table } from '../../market/tables.ts'

const DAY_MS = 86_400_000
// Where the last arrivals are looked for, back from now; where there is nothing at all, everywhere.
const DAYS_BACK = [1, 7, 60] as const

type Landing = {
  readonly lake: Pick<Lake, 'snapshot'>
  readonly table: Table
  readonly clock: Clock
  /** What the query reads. */
  readonly snapshot: LakeSnapshot
  /** Its files are all there are. */
  readonly whole: boolean
}

/**
 * When the last record in the lake came, ms, by the bounds of the files; null: there is none. Where the query
 * named only some files the latest days tell, whatever it asked for: a year of manifests is not opened for
 * this. Then it may lie lower, when what came last was no trade, or one that is older than those days.
 */
export async function lastLandedMs(landing: Landing): Promise<number | null> {
  const { lake, table, clock, snapshot, whole } = landing
  if (snapshot.id === null) return null
  if (whole) return lastArrivalMs(snapshot.files, table)
  const now = clock.now()
  for (const wanted of [...DAYS_BACK.map((days) => ({ fromMs: now - days * DAY_MS })), {}]) {
    const { id, files } = await lake.snapshot(wanted)
    if (id !== snapshot.id) break // what landed since is not in this answer
    if (files.length > 0) return lastArrivalMs(files, table)
  }
  return lastArrivalMs(snapshot.files, table)
}

function lastArrivalMs(files: readonly DataFile[], { fields }: Table): number | null {
  const id = fields.find(({ name }) => name === 'received_at')?.id
  let lastMicros: bigint | null = null
  for (const { upper } of files) {
    const bytes = id === undefined ? undefined : upper.get(id)
    if (bytes?.length !== 8) continue
    // A timestamp as an Iceberg single value: µs, little-endian.
    const micros = new DataView(bytes.buffer, bytes.byteOffset, 8).getBigInt64(0, true)
    if (lastMicros === null || micros > lastMicros) lastMicros = micros
  }
  return lastMicros === null ? null : Number(lastMicros / 1000n)
}
