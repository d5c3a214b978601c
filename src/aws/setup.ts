import { isFault } from '../flow/fault.ts'
import { ENGINE, sizeText, type Account, type RunStatement, type WorkgroupSpec } from './account.ts'

/** The tables, which `ticklake land` makes. */
export const TABLES = ['records', 'feed_log'] as const

export type View = { readonly name: string; readonly sql: string }

export type SetupOptions = {
  readonly account: Account
  readonly run: RunStatement
  readonly database: string
  /** Of the lake: `s3://bucket/prefix`, without a slash at its end. */
  readonly address: string
  readonly bucket: string
  readonly workgroup: Omit<WorkgroupSpec, 'bucketOwner'>
  /** In the order in which they build on each other. */
  readonly views: readonly View[]
  readonly signal: AbortSignal
}

/** What a step found, or did. */
export type StepOutcome = {
  /** As in `database market`. */
  readonly name: string
  /**
   * `to make` and `to change` stand in a plan; `waits`: for what another program makes; `refused`: it could
   * not be done, and the others may be.
   */
  readonly word: 'there' | 'to make' | 'to change' | 'made' | 'changed' | 'waits' | 'refused'
  readonly says: string
  readonly remedy?: string
}

type Step = {
  readonly name: string
  /** What is to be done, and doing it; a step that is done already has nothing. */
  readonly plan: () => Promise<Planned>
}
type Planned = Omit<StepOutcome, 'name'> & { readonly act?: () => Promise<void> }
type Named = Planned & { readonly name: string }

/** What setup would do: nothing is changed. Faults: `unavailable` where AWS does not answer. */
export async function planSetup(options: SetupOptions): Promise<readonly StepOutcome[]> {
  const outcomes: StepOutcome[] = []
  for (const step of stepsOf(options)) outcomes.push(outcomeOf(await planned(step)))
  return outcomes
}

/**
 * Makes or changes what is not as it should be, in order, each step told as it ends; one that is refused does
 * not keep the others from being done. May be run again at any time. Faults: `unavailable`, as above.
 */
export async function* setUp(options: SetupOptions): AsyncGenerator<StepOutcome> {
  for (const step of stepsOf(options)) {
    if (options.signal.aborted) return
    const found = await planned(step)
    yield found.act === undefined ? outcomeOf(found) : await acted(found, found.act)
  }
}

const outcomeOf = ({ name, word, says, remedy }: Named): StepOutcome => ({
  name,
  word,
  says,
  ...(remedy !== undefined && { remedy }),
})

async function planned({ name, plan }: Step): Promise<Named> {
  try {
    return { name, ...(await plan()) }
  } catch (error) {
    return refused(name, error)
  }
}

async function acted(found: Named, act: () => Promise<void>): Promise<StepOutcome> {
  const { name, word, says } = found
  try {
    await act()
    return { name, word: word === 'to make' ? 'made' : 'changed', says }
  } catch (error) {
    return outcomeOf(refused(name, error))
  }
}

function refused(name: string, error: unknown): Named {
  // Where nobody answers, the steps after it would wait in vain too.
  if (!isFault(error, 'invalid') && !isFault(error, 'closed')) throw error
  return { name, word: 'refused', says: error.message, remedy: error.remedy }
}

function stepsOf(options: SetupOptions): readonly Step[] {
  const { database, workgroup, views } = options
  return [
    { name: `database ${database}`, plan: () => databasePlan(options) },
    { name: `workgroup ${workgroup.name}`, plan: () => workgroupPlan(options) },
    ...TABLES.map((name) => ({ name: `table ${name}`, plan: () => tablePlan(options, name) })),
    ...views.map((view) => ({ name: `view ${view.name}`, plan: () => viewPlan(options, view) })),
  ]
}

async function databasePlan({ account, database, address }: SetupOptions): Promise<Planned> {
  if ((await account.database(database)) !== null)
    return { word: 'there', says: 'in the Glue catalog' }
  return {
    word: 'to make',
    says: 'in the Glue catalog',
    act: () => account.makeDatabase(database, `${address}/${database}`),
  }
}

async function workgroupPlan(options: SetupOptions): Promise<Planned> {
  const { account, workgroup } = options
  const found = await account.workgroup(workgroup.name)
  const spec = { ...workgroup, bucketOwner: await ownerOf(options) }
  const { output, scanBytesMax } = spec
  const limit = `at most ${sizeText(scanBytesMax)} a query, answers to ${output}`
  if (found === null)
    return { word: 'to make', says: limit, act: () => account.makeWorkgroup(spec) }
  const differs = [
    ...(found.output === output ? [] : [`answers to ${output}, not ${found.output ?? 'nowhere'}`]),
    ...(found.scanBytesMax === scanBytesMax
      ? []
      : [
          `at most ${sizeText(scanBytesMax)} a query, not ${found.scanBytesMax === null ? 'any' : sizeText(found.scanBytesMax)}`,
        ]),
    ...(found.enforced ? [] : ['its settings enforced']),
    ...(found.engine === ENGINE ? [] : [`${ENGINE}, not ${found.engine}`]),
    ...(found.enabled ? [] : ['enabled']),
  ]
  if (differs.length === 0) return { word: 'there', says: limit }
  return {
    word: 'to change',
    says: differs.join('; '),
    act: () => account.changeWorkgroup(spec),
  }
}

/** The bucket's account where it is that of the catalog: then Athena writes answers into no other's. */
async function ownerOf(options: SetupOptions): Promise<string | null> {
  const { account, database, bucket, workgroup } = options
  if (!workgroup.output.startsWith(`s3://${bucket}/`)) return null
  try {
    const owner = (await account.database(database))?.account ?? null
    return owner !== null && (await account.owns(owner, bucket)) ? owner : null
  } catch {
    return null // who may not look sets the workgroup up without it
  }
}

async function tablePlan({ account, database }: SetupOptions, name: string): Promise<Planned> {
  const found = await account.table(database, name)
  if (found === null)
    return {
      word: 'waits',
      says: 'it is not there yet',
      remedy: '`ticklake land` makes it when it first has something to land; then run this again.',
    }
  if (found.kind === 'iceberg') return { word: 'there', says: 'an Iceberg table' }
  return {
    word: 'refused',
    says: `the name stands for ${found.kind === 'view' ? 'a view' : 'another kind of table'}`,
    remedy: `Choose another database by TICKLAKE_CATALOG=glue:DATABASE, or remove ${name} there.`,
  }
}

async function viewPlan(options: SetupOptions, { name, sql }: View): Promise<Planned> {
  const { account, run, database, signal } = options
  for (const table of TABLES) {
    const found = await account.table(database, table)
    if (found?.kind !== 'iceberg') return { word: 'waits', says: `for the table ${table}` }
  }
  const found = await account.table(database, name)
  if (found !== null && found.kind !== 'view')
    return {
      word: 'refused',
      says: 'the name stands for a table',
      remedy: `Choose another database by TICKLAKE_CATALOG=glue:DATABASE, or remove ${name} there.`,
    }
  // What a view says is kept in a form of Athena's own: it is made anew, which costs nothing.
  return {
    word: found === null ? 'to make' : 'to change',
    says: found === null ? 'by Athena' : 'as this version of ticklake has it',
    act: () => run(sql, signal),
  }
}
