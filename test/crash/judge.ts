import { join, resolve } from 'node:path'
import { PYTHON } from '../readers/python.ts'
import { run, ticklake, type Place } from './processes.ts'

const AUDIT = resolve(import.meta.dirname, '../readers/audit.py')

/** What two programs that share no code found in one data folder, and the gaps that it tells of. */
export type Verdict = {
  readonly verify: { readonly exit: number; readonly summary: Readonly<Record<string, unknown>> }
  readonly audit: Audited
  readonly gaps: readonly Gap[]
}
export type Audited = Readonly<
  Record<'records' | 'landed' | 'missing' | 'repeated' | 'altered' | 'foreign', number>
> & { readonly not_yet_landed: number }
export type Gap = { readonly symbol: string | null; readonly from: string; readonly to: string }

export const covers = (gap: Gap, at: number): boolean =>
  Date.parse(gap.from) <= at && at <= Date.parse(gap.to)

/** Asks `ticklake verify`, the independent audit through pyiceberg, and `ticklake gaps`. */
export async function judge(place: Place): Promise<Verdict> {
  const data = join(place.dir, 'data')
  const verified = await ticklake(['verify', '--json'], place)
  const lake = join(data, 'lake')
  const audited = await run(
    PYTHON,
    [AUDIT, join(data, 'tape'), lake, join(lake, 'catalog.db')],
    place,
  )
  if (audited.code !== 0) throw new Error(`the audit failed: ${audited.stderr}`)
  return {
    verify: { exit: verified.code, summary: objects(verified.stdout).at(-1) ?? {} },
    audit: JSON.parse(audited.stdout) as Audited,
    gaps: objects((await ticklake(['gaps', '--json'], place)).stdout) as unknown as Gap[],
  }
}

/** NDJSON. */
const objects = (text: string): readonly Record<string, unknown>[] =>
  text
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => JSON.parse(line) as Record<string, unknown>)

/** Whether both found that every record on the tape is exactly one row, and that all of it has landed. */
export const isClean = ({ verify, audit }: Verdict): boolean =>
  verify.exit === 0 &&
  audit.records > 0 &&
  audit.not_yet_landed === 0 &&
  audit.missing + audit.repeated + audit.altered + audit.foreign === 0
