import { offset, type Run } from '../../market/records.ts'
import { RUN_BYTES_MAX, type Place } from '../block.ts'
import { clear, openPage, reserve, type Page } from './page.ts'
import { corrupt } from './record-batch.ts'

/** Records in one run: those of 16 bytes fill it; smaller ones must not make its columns larger than its bytes. */
export const RUN_RECORDS_MAX = 65_536
/** What a run's `delta` can hold. */
export const DELTA_MAX = 0xff_ff_ff_ff

/** Records on their way into runs: those of the open one, and the runs before it, contiguous from `first`. */
export type Gathered = Columns & {
  readonly place: Place
  readonly runs: Run[]
  /** Where the open run begins. */
  first: number
  count: number
}

type Columns = {
  readonly page: Page
  readonly ends: Uint32Array
  readonly receivedMs: Float64Array
  readonly redelivered: Uint8Array
  readonly delta: Uint32Array
}

/** Used again by every decoding: runs get copies of their exact size. */
let columns: Columns | null = null

const openColumns = (): Columns => ({
  page: openPage(RUN_BYTES_MAX),
  ends: new Uint32Array(RUN_RECORDS_MAX),
  receivedMs: new Float64Array(RUN_RECORDS_MAX),
  redelivered: new Uint8Array(RUN_RECORDS_MAX),
  delta: new Uint32Array(RUN_RECORDS_MAX),
})

/** Only one is open at a time. */
export function openGathered(place: Place, first: number): Gathered {
  columns ??= openColumns()
  clear(columns.page, RUN_BYTES_MAX) // the decoding before may have failed halfway
  return { ...columns, place, runs: [], first, count: 0 }
}

/** Makes room for a record of `bytes` at `at`, in a new run where the open one cannot take it. */
export function makeRoom(gathered: Gathered, bytes: number, at: number): void {
  const { count, page } = gathered
  const full = count === RUN_RECORDS_MAX || page.size + bytes > RUN_BYTES_MAX
  const far = at - gathered.first > DELTA_MAX
  if (count > 0 && (full || far)) {
    const behind = nextOf(gathered)
    closeRun(gathered, at - behind > DELTA_MAX ? at : behind)
  } else if (far) {
    const flaw = `no record for more than ${DELTA_MAX} offsets before it`
    throw corrupt(gathered.place, at, { flaw, remedy: FAR_REMEDY })
  }
  reserve(page, bytes)
}

const FAR_REMEDY = 'Let land begin at that offset: the records before it are gone.'

/** Behind the last record gathered; where the open run begins when it has none. */
export const nextOf = ({ first, count, delta }: Gathered): number =>
  count === 0 ? first : first + (delta[count - 1] ?? 0) + 1

/** Closes the open run, if it has records, so that the next one begins at `next`. */
export function closeRun(gathered: Gathered, next: number): void {
  const { place, runs, first, count, page } = gathered
  if (count === 0) return
  runs.push({
    ...place,
    first: offset(first),
    next: offset(next),
    count,
    bytes: page.bytes.slice(0, page.size),
    ends: gathered.ends.slice(0, count),
    receivedMs: gathered.receivedMs.slice(0, count),
    redelivered: gathered.redelivered.slice(0, count),
    delta: gathered.delta.slice(0, count),
  })
  gathered.first = next
  gathered.count = 0
  page.size = 0
}

/** To be called when the runs were taken: keeps no reference to what was decoded. */
export const settle = ({ page }: Gathered): void => clear(page, RUN_BYTES_MAX)
