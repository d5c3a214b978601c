import type { CheckAnswer } from '../../../src/serve/contract/sql.ts'
import { ApiFault, ask } from '../api.ts'
import type { Check } from './problems.ts'

/** Asks the server what is wrong with a statement, without running it. */
export const checkByServer: Check = async (sql) => {
  const { error } = await ask<CheckAnswer>('/api/sql/check', { body: { sql } })
  if (error === null) return null
  const { position = null, ...said } = error
  return new ApiFault({ ...said, position })
}
