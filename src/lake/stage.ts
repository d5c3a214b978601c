import type { Clock } from '../flow/clock.ts'
import { assert } from '../flow/fault.ts'
import type { Random } from '../flow/random.ts'
import { compactTime, dayFolder, uuid } from './iceberg/names.ts'
import type { TableFiles } from './iceberg/table-files.ts'
import { momentOf } from './moment.ts'
import type { DataFile, ParquetFile, ParquetWriter, Rolled, Staged } from './lake.ts'

export type Staging = {
  readonly parquet: ParquetWriter
  readonly files: TableFiles
  /** The partition's name, which the folders of the days begin with. */
  readonly partitionName: string
  /** Removes a local file, if it is still there. */
  readonly removeLocal: (path: string) => Promise<void>
  readonly clock: Clock
  readonly random: Random
}

/** Writes a roll as one data file a day, under names never used before; local files are gone when it ends. */
export async function stageFiles(rolled: Rolled, staging: Staging): Promise<Staged> {
  const { parquet, removeLocal, clock } = staging
  const written = rolled.rows === 0 ? [] : await parquet.write(rolled)
  try {
    const rows = written.reduce((sum, file) => sum + file.rows, 0)
    assert(rows === rolled.rows, `the Parquet writer kept ${rows} of ${rolled.rows} rows`)
    const files: DataFile[] = []
    for (const file of written) files.push(await storeFile(file, staging))
    return { files, rows, stretches: rolled.stretches, stagedAt: momentOf(clock) }
  } finally {
    for (const { path } of written) await removeLocal(path)
  }
}

/** Stores one local file under a name never used before. */
export async function storeFile(
  { path, ...file }: ParquetFile,
  {
    files,
    partitionName,
    clock,
    random,
  }: Pick<Staging, 'files' | 'partitionName' | 'clock' | 'random'>,
): Promise<DataFile> {
  const folder = `data/${partitionName}=${dayFolder(file.day)}`
  const name = `${folder}/${compactTime(clock.now())}-${uuid(random)}.parquet`
  const location = await files.write(name, { path, size: file.sizeBytes })
  return { ...file, location }
}
