import { ApiFault, ask } from '../api.ts'
import type { Check } from './problems.ts'

/** Asks the server what is wrong with a statement, without running it. */
export const checkByServer: Check = async (sql) => {
  try {
    await ask('/api/sql/check', { body: { sql } })
    return null
  } catch (error) {
    if (error instanceof ApiFault && error.kind === 'invalid') return error
    throw error
  }
}
