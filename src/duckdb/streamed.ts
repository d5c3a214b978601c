import type { DuckDBConnection, DuckDBPreparedStatement, DuckDBResult } from '@duckdb/node-api'
import { Fault, isFault } from '../flow/fault.ts'
import type { ResultColumn } from '../query/query.ts'
import type { Answering, Api } from './duckdb.ts'
import { translated } from './faults.ts'
import { batchOf } from './values.ts'

// While an interrupt has not been answered it is sent again: one sent between two steps of DuckDB is lost.
const INTERRUPT_EVERY_MS = 20

export type Running = {
  readonly api: Api
  readonly session: DuckDBConnection
  readonly sql: string
  /** It may be run twice. */
  readonly reads: boolean
  readonly signal: AbortSignal
}

/**
 * Runs a statement whose rows are made as they are read. The package gives a stream that failed the same end as
 * one that is whole, so each runs in a transaction of its own: one that failed cannot be used any more.
 */
export async function streamed(
  running: Running,
  prepared: DuckDBPreparedStatement,
): Promise<Answering> {
  const { session } = running
  await translated(() => session.run('BEGIN'))
  try {
    const result = await interruptible(running, () => prepared.stream())
    return { columns: columnsOf(result), batches: batchesOf(running, result) }
  } catch (error) {
    await session.run('ROLLBACK')
    throw error
  }
}

const columnsOf = (result: DuckDBResult): readonly ResultColumn[] =>
  result.deduplicatedColumnNames().map((name, i) => ({ name, type: String(result.columnType(i)) }))

async function* batchesOf(running: Running, result: DuckDBResult): Answering['batches'] {
  const { api, session } = running
  const types = result.columnTypes()
  let isWhole = false
  try {
    while (true) {
      const chunk = await interruptible(running, () => result.fetchChunk())
      if (chunk === null || chunk.rowCount === 0) break
      yield batchOf(api, chunk, types)
    }
    isWhole = await hasTransaction(session)
    if (isWhole) await translated(() => session.run('COMMIT'))
  } finally {
    // Left half-read, its session may be closed already.
    if (!isWhole) await session.run('ROLLBACK').catch(() => undefined)
  }
  if (!isWhole) throw await failureOf(running)
}

/** Whether the transaction is good still. */
const hasTransaction = async (session: DuckDBConnection): Promise<boolean> =>
  await session.run('SELECT 1').then(
    () => true,
    () => false,
  )

const ANALYZE = 'EXPLAIN ANALYZE '

/** Why a statement failed on the way, by running it again without keeping its rows. */
async function failureOf(running: Running): Promise<Fault> {
  const { session, sql, reads } = running
  if (!reads) return unsaid()
  const again = `${ANALYZE}${sql}`
  try {
    await interruptible({ ...running, sql: again }, () => session.run(again))
  } catch (error) {
    if (!isFault(error)) throw error
    if (error.kind === 'closed') return error
    const { kind, message, remedy, position } = error
    const [said = message] = message.split(/\n\nLINE \d+: /)
    const place = position === null ? null : position - ANALYZE.length
    if (!said.startsWith('Parser Error'))
      return new Fault(kind, said, { remedy, cause: error, position: place })
  }
  return unsaid()
}

const unsaid = (): Fault =>
  new Fault('unavailable', 'the statement failed after it had begun to answer', {
    remedy: 'Run it again, or ask for less at once.',
  })

/** Runs `act`; when `signal` aborts, interrupts it until it has ended, and throws `closed`. */
async function interruptible<T>(
  { session, sql, signal }: Running,
  act: () => Promise<T>,
): Promise<T> {
  const interrupted = () =>
    new Fault('closed', 'the statement was cancelled', {
      remedy: 'Run it again if it was not meant to be.',
    })
  if (signal.aborted) throw interrupted()
  let again: NodeJS.Timeout | undefined
  const interrupt = () => {
    session.interrupt()
    again ??= setInterval(() => session.interrupt(), INTERRUPT_EVERY_MS)
  }
  signal.addEventListener('abort', interrupt, { once: true })
  try {
    const done = await translated(act, sql)
    if (signal.aborted) throw interrupted() // an interrupted stream ends as if it were whole
    return done
  } catch (error) {
    throw signal.aborted ? interrupted() : error
  } finally {
    signal.removeEventListener('abort', interrupt)
    clearInterval(again)
  }
}
