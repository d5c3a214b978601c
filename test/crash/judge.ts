import { join, resolve } from 'node:path'
import { PYTHON } from '../readers/python.ts'
import { run, ticklake, type Place } from './processes.ts'

const AUDIT = resolve(import.meta.dirname, '../readers/audit.py')
const KAFKA_AUDIT = resolve(import.meta.dirname, '../readers/audit_kafka.py')

/** What two programs that share no code found in one data folder, and the gaps that it tells of. */
export type Verdict = {
  readonly verify: { readonly exit: number; readonly summary: Readonly<Record<string, unknown>> }
  readonly audit: Audited
  readonly gaps: readonly Gap[]
}
export type Audited = Readonly<
  Record<'records' | 'landed' | 'missing' | 'repeated' | 'altered' | 'foreign', number>
> & { readonly not_yet_landed: number }
/** …of a Kafka topic: `disordered` counts records that were received before one of their symbol that lies before. */
export type KafkaVerdict = Omit<Verdict, 'audit'> & {
  readonly audit: Audited & { readonly disordered: number; readonly partitions: number }
}
export type Gap = {
  readonly symbol: string | null
  readonly from: string
  readonly to: string
  readonly cause: string
}

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

/** Asks the same of a Kafka tape and a lake in `<dir>/lake`; the audit reads the topic through librdkafka. */
export async function judgeKafka(
  place: Place,
  bootstrap: string,
  topic: string,
): Promise<KafkaVerdict> {
  const verified = await ticklake(['verify', '--json'], place)
  const lake = join(place.dir, 'lake')
  const audited = await run(
    PYTHON,
    [KAFKA_AUDIT, bootstrap, topic, lake, join(lake, 'catalog.db')],
    place,
  )
  if (audited.code !== 0) throw new Error(`the audit failed: ${audited.stderr}`)
  return {
    verify: { exit: verified.code, summary: objects(verified.stdout).at(-1) ?? {} },
    audit: JSON.parse(audited.stdout) as KafkaVerdict['audit'],
    gaps: objects((await ticklake(['gaps', '--json'], place)).stdout) as unknown as Gap[],
  }
}

export type OnGlue = {
  readonly bootstrap: string
  readonly topic: string
  /** `database.table`. */
  readonly table: string
}

/** Asks the same of a Kafka tape and a lake on S3 and Glue, both named by the settings of `place`. */
export async function judgeGlue(
  place: Place,
  { bootstrap, topic, table }: OnGlue,
): Promise<KafkaVerdict> {
  const verified = await ticklake(['verify', '--json'], place)
  const audited = await run(PYTHON, [KAFKA_AUDIT, bootstrap, topic, 'glue', table], place)
  if (audited.code !== 0) throw new Error(`the audit failed: ${audited.stderr}`)
  return {
    verify: { exit: verified.code, summary: objects(verified.stdout).at(-1) ?? {} },
    audit: JSON.parse(audited.stdout) as KafkaVerdict['audit'],
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
export const isClean = ({ verify, audit }: Pick<Verdict, 'verify' | 'audit'>): boolean =>
  verify.exit === 0 &&
  audit.records > 0 &&
  audit.not_yet_landed === 0 &&
  audit.missing + audit.repeated + audit.altered + audit.foreign === 0
