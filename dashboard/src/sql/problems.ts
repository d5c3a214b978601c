import type { ApiFault } from '../fault.ts'
import { piecesOf, statementsOf, type Statement } from './statements.ts'

/** Why a statement cannot run. */
export type Failure = Pick<ApiFault, 'kind' | 'message' | 'position'>

/** Something wrong with a text, half-open. */
export type Problem = { readonly from: number; readonly to: number; readonly message: string }

/** More statements than these are not looked at while typing. */
const STATEMENTS_MAX = 12
/** Statements of which it is remembered what is wrong with them. */
const KNOWN_MAX = 200

/** What is wrong with a statement; null: nothing. Throws where that cannot be said now. */
export type Check = (sql: string) => Promise<Failure | null>

/** Looks at the statements of a text, each once. */
export type Checks = {
  problems(text: string): Promise<readonly Problem[]>
  /** What running it has shown, which a look could not. */
  learn(sql: string, failure: Failure): void
}

export function createChecks(check: Check): Checks {
  const known = new Map<string, Failure | null>()
  const remember = (sql: string, failure: Failure | null) => {
    known.delete(sql)
    known.set(sql, failure)
    if (known.size > KNOWN_MAX) known.delete([...known.keys()][0] ?? '')
  }
  const look = async (sql: string): Promise<Failure | null> => {
    const before = known.get(sql)
    if (before !== undefined) return before
    try {
      const failure = await check(sql)
      remember(sql, failure)
      return failure
    } catch {
      // The server cannot be asked now: that is no problem of the statement, and running it will say so.
      return null
    }
  }
  return {
    problems: async (text) => {
      const problems: Problem[] = []
      for (const statement of statementsOf(text).slice(0, STATEMENTS_MAX)) {
        const failure = await look(statement.sql)
        if (failure !== null) problems.push(problemOf(statement, failure))
      }
      return problems
    },
    learn: (sql, failure) => {
      if (failure.kind === 'invalid') remember(sql, failure)
    },
  }
}

/** From where it is wrong to the end of that word; of one that does not say where, the first word of the statement. */
export function problemOf({ from, sql }: Statement, { message, position }: Failure): Problem {
  const pieces = [...piecesOf(sql)]
  const at =
    position === null
      ? pieces.find(({ kind }) => kind !== 'comment' && kind !== 'space')
      : pieces.find(({ to }) => to > position)
  const first = Math.min(position ?? at?.from ?? 0, Math.max(0, sql.length - 1))
  const to = at === undefined || at.to <= first ? sql.length : at.to
  return { from: from + first, to: from + to, message: briefly(message) }
}

/** Without DuckDB's picture of the line, which the editor is itself. */
export const briefly = (message: string): string =>
  message
    .replace(/\n+LINE \d+:[^]*$/, '')
    .replaceAll(/\n{2,}/g, '\n')
    .trim()
