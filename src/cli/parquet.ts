import { rm } from 'node:fs/promises'
import { openDuckdb, sqlName, sqlText } from '../duckdb/duckdb.ts'
import type { Answer, ResultColumn } from '../query/query.ts'
import { formatAnswer } from './formats.ts'
import { writeText } from './output-file.ts'

const MEMORY_MB = 512
/** Types that are written as they are; lists, structs and the like are written as their JSON text. */
const PLAIN =
  /^(BOOLEAN|U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?|DOUBLE|FLOAT|DECIMAL\(\d+,\d+\)|VARCHAR|DATE|TIME|TIMESTAMP(_S|_MS|_NS)?|TIMESTAMP WITH TIME ZONE|UUID)$/

/**
 * Writes an answer as a Parquet file. The query's own engine may write nothing, so the
 * rows go through a file beside it and a second engine.
 */
export async function writeParquet(answer: Answer, path: string): Promise<void> {
  const rows = `${path}.csv`
  try {
    await writeText(rows, formatAnswer('csv', numbered(answer)))
    await using duckdb = await openDuckdb({
      threads: 2,
      memoryMb: MEMORY_MB,
      spillDir: null,
      readable: null,
    })
    using connection = await duckdb.connect()
    await connection.run(
      `COPY (SELECT ${answer.columns.map(asTyped).join(', ')} FROM read_csv(${sqlText(rows)},
header = true, all_varchar = true, delim = ',', quote = '"', escape = '"', nullstr = '',
allow_quoted_nulls = false, auto_detect = false, max_line_size = 4000000,
columns = {${answer.columns.map((_, i) => `'c${i}': 'VARCHAR'`).join(', ')}}))
TO ${sqlText(path)} (FORMAT parquet, COMPRESSION zstd)`,
    )
  } finally {
    await rm(rows, { force: true })
  }
}

/** Names may repeat or be empty in an answer, not in a table. */
const numbered = (answer: Answer): Answer => ({
  ...answer,
  columns: answer.columns.map(({ type }, i) => ({ name: `c${i}`, type })),
})

function asTyped({ name, type }: ResultColumn, i: number, all: readonly ResultColumn[]): string {
  const times = all.slice(0, i).filter((before) => before.name === name).length
  const unique = sqlName(times === 0 ? name : `${name}_${times + 1}`)
  return `CAST(c${i} AS ${PLAIN.test(type) ? type : 'VARCHAR'}) AS ${unique}`
}
