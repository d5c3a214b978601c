import { Fault, isFault } from '../../flow/fault.ts'
import type { Answer, Query } from '../query.ts'
import { cancelled } from './endings.ts'
import { plainFault, type Asked, type Told } from './messages.ts'

export type Serving = {
  readonly query: Query
  readonly tell: (message: Told) => void
}

/** One statement: what cancels it, and its rows when it has an answer. */
type Running = {
  readonly stop: AbortController
  rows: AsyncIterator<Told & { kind: 'rows' | 'end' }> | null
}

/** Answers what another process asks of `query`; gives what takes its messages. */
export function answering({ query, tell }: Serving): (asked: Asked) => void {
  const statements = new Map<number, Running>()
  const forget = async (id: number) => {
    const running = statements.get(id)
    statements.delete(id)
    if (running !== undefined) await leave(running)
  }
  const begin = async ({ id, sql, limits }: Asked & { kind: 'run' }) => {
    const running: Running = { stop: new AbortController(), rows: null }
    statements.set(id, running)
    const answer = await query.run(sql, limits, running.stop.signal)
    running.rows = rowsOf(id, answer)
    if (!statements.has(id)) {
      await leave(running)
      throw cancelled()
    }
    const { asOf, columns, planned } = answer
    tell({ kind: 'answer', id, asOf, columns, ...(planned && { planned }) })
  }
  const next = async (id: number) => {
    const found = await statements.get(id)?.rows?.next()
    if (found === undefined || found.done === true) throw cancelled()
    if (found.value.kind === 'end') await forget(id)
    tell(found.value)
  }
  const check = async ({ id, sql }: Asked & { kind: 'check' }) =>
    tell({ kind: 'columns', id, columns: (await query.check?.(sql)) ?? [] })
  const answer = async (asked: Asked): Promise<void> => {
    switch (asked.kind) {
      case 'run':
        return await begin(asked)
      case 'check':
        return await check(asked)
      case 'next':
        return await next(asked.id)
      case 'leave':
        return await forget(asked.id)
    }
  }
  return (asked) => {
    answer(asked).catch((error: unknown) => {
      void forget(asked.id)
      tell({ kind: 'fault', id: asked.id, fault: plainFault(faultOf(error)) })
    })
  }
}

async function leave({ stop, rows }: Running): Promise<void> {
  stop.abort()
  await rows?.next().catch(() => undefined) // one that never began would not run its end
  await rows?.return?.().catch(() => undefined)
}

async function* rowsOf(
  id: number,
  { batches, truncated }: Answer,
): AsyncGenerator<Told & { kind: 'rows' | 'end' }> {
  for await (const rows of batches) yield { kind: 'rows', id, rows }
  yield { kind: 'end', id, truncated: truncated() }
}

const faultOf = (error: unknown): Fault =>
  isFault(error)
    ? error
    : new Fault('bug', String(error), { remedy: 'Report this with the statement.', cause: error })
