import { isFault } from '../flow/fault.ts'
import type { Account, RunStatement, WorkgroupSpec } from './account.ts'
import { causesTold } from './causes.ts'
import { workgroupPlan } from './workgroup-plan.ts'

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
  /** The workgroup's answers may go elsewhere than they do. */
  readonly mayMoveOutput: boolean
  /** In the order in which they build on each other. */
  readonly views: readonly View[]
  readonly signal: AbortSignal
}

type Word =
  | 'there'
  | 'to make'
  | 'to change'
  | 'made'
  | 'changed'
  | 'sent'
  | 'waits'
  | 'refused'
  | 'skipped'

/** What a step found, or did. */
export type StepOutcome = {
  /** As in `database market`. */
  readonly name: string
  /**
   * `to make` and `to change` stand in a plan; `waits`: for what another program makes; `refused`: it could
   * not be done, and the others may be; `skipped`: refused for the cause of one before; `sent`: it was run,
   * and is not to be seen yet.
   */
  readonly word: Word
  readonly says: string
  readonly remedy?: string
}

type Step = {
  readonly name: string
  /** What is to be done, and doing it; a step that is done already has nothing. */
  readonly plan: () => Promise<Planned>
}
export type Planned = Omit<StepOutcome, 'name'> & {
  readonly act?: () => Promise<void>
  /** Whether what was made is to be seen. */
  readonly isThere?: () => Promise<boolean>
  /** Without it all that follows is in vain. */
  readonly ends?: boolean
}
type Named = Planned & { readonly name: string }

/** What setup would do: nothing is changed. Faults: `unavailable` where AWS does not answer. */
export async function planSetup(options: SetupOptions): Promise<readonly StepOutcome[]> {
  const outcomes: StepOutcome[] = []
  const told = tellingOnce()
  for (const step of stepsOf(options)) {
    const found = await planned(step)
    outcomes.push(told(outcomeOf(found)))
    if (found.ends === true) break
  }
  return outcomes
}

/**
 * Makes or changes what is not as it should be, in order, each step told as it ends; one that is refused does
 * not keep the others from being done, but for a bucket that is not there. May be run again at any time. Faults:
 * `unavailable`, as above.
 */
export async function* setUp(options: SetupOptions): AsyncGenerator<StepOutcome> {
  const told = tellingOnce()
  for (const step of stepsOf(options)) {
    if (options.signal.aborted) return
    const found = await planned(step)
    yield told(found.act === undefined ? outcomeOf(found) : await acted(found, found.act))
    if (found.ends === true) return
  }
}

function tellingOnce(): (outcome: StepOutcome) => StepOutcome {
  const isTold = causesTold()
  return (outcome) =>
    outcome.word === 'refused' && isTold(outcome)
      ? { name: outcome.name, word: 'skipped', says: 'for the cause told above' }
      : outcome
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
  const { name, word, says, isThere } = found
  try {
    await act()
    if (isThere !== undefined && !(await isThere()))
      return { name, word: 'sent', says: 'it is not there yet', remedy: 'Run it again later.' }
    return { name, word: word === 'to make' ? 'made' : 'changed', says }
  } catch (error) {
    return outcomeOf(refused(name, error))
  }
}

function refused(name: string, error: unknown): Named {
  if (!isFault(error) || error.kind === 'bug') throw error
  // Where nobody answers, the steps after it would wait in vain too.
  if (error.kind === 'unavailable' && !isAnswered(error.cause)) throw error
  return { name, word: 'refused', says: error.message, remedy: error.remedy }
}

/** An error of the SDK that came with an HTTP status. */
const isAnswered = (error: unknown): boolean =>
  (error as { readonly $metadata?: { readonly httpStatusCode?: number } } | undefined)?.$metadata
    ?.httpStatusCode !== undefined

function stepsOf(options: SetupOptions): readonly Step[] {
  const { database, bucket, workgroup, views } = options
  return [
    { name: `bucket ${bucket}`, plan: () => bucketPlan(options) },
    { name: `database ${database}`, plan: () => databasePlan(options) },
    { name: `workgroup ${workgroup.name}`, plan: () => workgroupPlan(options) },
    ...TABLES.map((name) => ({ name: `table ${name}`, plan: () => tablePlan(options, name) })),
    ...views.map((view) => ({ name: `view ${view.name}`, plan: () => viewPlan(options, view) })),
  ]
}

async function bucketPlan({ account, bucket }: SetupOptions): Promise<Planned> {
  if ((await account.bucket(bucket)) !== null) return { word: 'there', says: 'in S3' }
  return {
    word: 'refused',
    says: 'there is no bucket of this name',
    remedy: `Make it: aws s3 mb s3://${bucket}, or correct --lake. Nothing else is done before.`,
    ends: true,
  }
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
    isThere: async () => (await account.table(database, name)) !== null,
  }
}
