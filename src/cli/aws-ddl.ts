import type { EngineName } from '../config/engines.ts'
import type { Invocation } from './command.ts'
import { EXIT } from './exit.ts'

/** Prints what makes the lake one that people can ask; asks nothing of AWS. */
export async function ddl(invocation: Invocation, engine: EngineName): Promise<number> {
  const { terminal, json } = invocation
  const { partsOf } = await import('../config/components.ts')
  const { statementsOf } = await import('../config/cloud.ts')
  const statements = await statementsOf(partsOf(await invocation.settings()), engine)
  for (const { name, why, sql, needed } of statements) {
    const text = json
      ? JSON.stringify({ name, why, needed, sql })
      : `-- ${why}\n${needed ? `${sql};` : commented(`${sql};`)}\n`
    await terminal.out(`${text}\n`)
  }
  return EXIT.ok
}

/** What is there to be read is not run by who pastes it all. */
const commented = (sql: string): string => sql.replaceAll(/^/gm, '-- ')
