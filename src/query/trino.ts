import type { Clock } from '../flow/clock.ts'
import { Fault } from '../flow/fault.ts'
import { deadlineOf, limitRows } from './duckdb/limits.ts'
import type { Tell } from './progress.ts'
import type { Query, ResultColumn, Value } from './query.ts'
import { readOnlyStatement } from './read-only.ts'
import { trinoConnection, type TrinoConnection, type TrinoOptions } from './trino/connection.ts'
import { failureFault, type Page } from './trino/page.ts'
import { reader, typeName } from './trino/types.ts'

export type TrinoQueryOptions = TrinoOptions & {
  /** Told at each answer of the server while a query runs, and once when it has ended. */
  readonly tell?: Tell
}

/**
 * SQL by Trino over the lake, by its HTTP protocol; values as trino/types.ts reads them. Whoever gets an answer
 * reads its batches to the end or returns them: the query at the server ends with that. Trino gives a query
 * up that nobody reads on for minutes. `asOf.receivedMs` is null: what Trino read is for the query to ask.
 */
export function openTrinoQuery(options: TrinoQueryOptions): Query {
  const { clock, tell = () => undefined } = options
  const connection = trinoConnection(options)
  return {
    covers: 'lake',
    run: async (sql, limits, signal) => {
      const statement = readOnlyStatement(sql)
      const deadline = deadlineOf(limits, clock, signal)
      const running = new Running({ connection, clock, tell, signal: deadline.signal })
      try {
        const columns = await running.begin(statement)
        const release = async () => {
          deadline.clear()
          await running.end()
        }
        const answering = { columns, batches: running.batches() }
        const limited = limitRows(answering, limits, { release, explain: deadline.explain })
        return {
          asOf: { covers: 'lake', receivedMs: null, degraded: false },
          columns,
          ...limited,
        }
      } catch (error) {
        deadline.clear()
        await running.end()
        throw deadline.explain(error)
      }
    },
    [Symbol.asyncDispose]: async () => undefined,
  }
}

type RunningOptions = {
  readonly connection: TrinoConnection
  readonly clock: Clock
  readonly tell: Tell
  readonly signal: AbortSignal
}

/** One query at the server, from its statement to its last page or its cancelling. */
class Running {
  readonly #options: RunningOptions
  readonly #begunMs: number
  #page: Page | null = null
  #isOver = false

  constructor(options: RunningOptions) {
    this.#options = options
    this.#begunMs = options.clock.monotonic()
  }

  /** Sends the statement and waits for its columns. */
  async begin(sql: string): Promise<readonly ResultColumn[]> {
    this.#checkWanted()
    this.#take(await this.#options.connection.begin(sql))
    for (;;) {
      const { columns, nextUri } = this.#here
      if (columns !== undefined)
        return columns.map((column) => ({ name: column.name, type: typeName(column) }))
      if (nextUri === undefined) return []
      await this.#read(nextUri)
    }
  }

  async *batches(): AsyncGenerator<readonly (readonly Value[])[]> {
    const readers = this.#here.columns?.map(({ typeSignature }) => reader(typeSignature)) ?? []
    for (;;) {
      const { data = [], nextUri } = this.#here
      if (data.length > 0) yield data.map((row) => readers.map((read, i) => read(row[i])))
      if (nextUri === undefined) return
      await this.#read(nextUri)
    }
  }

  /** Ends it at the server if it is not at its end. */
  async end(): Promise<void> {
    if (this.#isOver || this.#page === null) return
    this.#isOver = true
    const { nextUri } = this.#page
    if (nextUri !== undefined) await this.#options.connection.cancel(nextUri)
    this.#told(true)
  }

  get #here(): Page {
    if (this.#page !== null) return this.#page
    throw new Fault('bug', 'a query is read before it has begun', { remedy: 'Report this.' })
  }

  async #read(uri: string): Promise<void> {
    const { connection, signal } = this.#options
    const page = await connection.next(uri, signal)
    // The last page leaves the columns out where there were no rows.
    this.#take({ ...this.#columnsSoFar(), ...page })
  }

  #columnsSoFar(): Pick<Page, 'columns'> {
    const columns = this.#page?.columns
    return columns === undefined ? {} : { columns }
  }

  #take(page: Page): void {
    this.#page = page
    if (page.error !== undefined) {
      this.#isOver = true
      this.#told(true)
      throw failureFault(page.error)
    }
    this.#isOver = page.nextUri === undefined
    this.#told(this.#isOver)
    if (!this.#isOver) this.#checkWanted()
  }

  #checkWanted(): void {
    if (this.#options.signal.aborted)
      throw new Fault('closed', 'the query was stopped', { remedy: 'Ask again.' })
  }

  #told(ended: boolean): void {
    const { state, physicalInputBytes, completedSplits, totalSplits } = this.#here.stats
    this.#options.tell({
      state,
      scannedBytes: physicalInputBytes,
      millis: this.#options.clock.monotonic() - this.#begunMs,
      splits: { done: completedSplits, total: totalSplits },
      cost: null,
      ended,
    })
  }
}
