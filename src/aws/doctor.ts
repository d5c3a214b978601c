import { isFault } from '../flow/fault.ts'
import { ENGINE, sizeText, type Account, type RunStatement } from './account.ts'
import { causesTold } from './causes.ts'
import { TABLES } from './setup.ts'

/** Credentials that end sooner than this will not see a long landing through. */
const EXPIRES_SOON_MS = 900_000

/** What a check found: one line, and what to do where it is not well. */
export type Finding = {
  readonly name: string
  readonly word: 'ok' | 'warn' | 'fail' | 'skip'
  readonly says: string
  readonly remedy?: string
}

export type DoctorOptions = {
  readonly account: Account
  readonly database: string
  readonly bucket: string
  /** Of the lake in the bucket, without slashes around it; empty: all of it. */
  readonly prefix: string
  readonly workgroup: { readonly name: string; readonly output: string }
  readonly views: readonly string[]
  /** Throws where the store cannot create atomically. */
  readonly probeStore: () => Promise<void>
  readonly run: RunStatement
  readonly nowMs: number
  readonly signal: AbortSignal
}

type Check = {
  readonly name: string
  readonly run: (options: DoctorOptions) => Promise<readonly Answer[]>
}
type Answer = Omit<Finding, 'name'>

const ok = (says: string): Answer => ({ word: 'ok', says })
const fail = (says: string, remedy: string): Answer => ({ word: 'fail', says, remedy })
const warn = (says: string, remedy: string): Answer => ({ word: 'warn', says, remedy })
const skip = (says: string): Answer => ({ word: 'skip', says })

const SETUP = 'Run `ticklake aws setup`.'

/** In the order in which things depend on each other; each is looked at whatever becomes of those before. */
const CHECKS: readonly Check[] = [
  { name: 'identity', run: identity },
  { name: 'region', run: async ({ account }) => [ok(account.region)] },
  { name: 'bucket', run: bucket },
  { name: 'create', run: create },
  { name: 'database', run: database },
  { name: 'tables', run: tables },
  { name: 'workgroup', run: workgroup },
  { name: 'views', run: views },
  { name: 'athena', run: athena },
]

/**
 * Looks at all that a lake in AWS needs, each right by trying it, all at the same time, so that of several
 * servers that are silent one is waited for. A cause is told once. Leaves nothing behind.
 */
export async function* examine(options: DoctorOptions): AsyncGenerator<Finding> {
  const isTold = causesTold()
  const begun = CHECKS.map(({ name, run }) => ({ name, answers: answersOf(run, options) }))
  for (const { name, answers } of begun) {
    for (const answer of await answers) {
      const isSkipped = answer.word === 'fail' && isTold(answer)
      yield { name, ...(isSkipped ? skip('for the cause told above') : answer) }
    }
    if (options.signal.aborted) return
  }
}

async function answersOf(run: Check['run'], options: DoctorOptions): Promise<readonly Answer[]> {
  try {
    return await run(options)
  } catch (error) {
    if (!isFault(error) || error.kind === 'bug') throw error
    return [fail(error.message, error.remedy)]
  }
}

async function identity({ account, nowMs }: DoctorOptions): Promise<readonly Answer[]> {
  const { key, source, expiresMs } = await account.identity()
  const says = `key ${key}, from ${source}`
  if (expiresMs === null) return [ok(says)]
  const left = expiresMs - nowMs
  const until = `${says}, until ${new Date(expiresMs).toISOString()}`
  return left > EXPIRES_SOON_MS
    ? [ok(until)]
    : [warn(until, 'Log in again before a long landing, or use a role that renews them.')]
}

async function bucket(options: DoctorOptions): Promise<readonly Answer[]> {
  const { account, bucket: name, prefix } = options
  const found = await account.bucket(name)
  if (found === null)
    return [
      fail(`there is no bucket ${name}`, `Make it: aws s3 mb s3://${name}, or correct --lake.`),
    ]
  const { region } = found
  if (region !== null && region !== account.region)
    return [
      fail(
        `${name} is in ${region}, and the region is ${account.region}`,
        `Set AWS_REGION=${region}: Glue and Athena must be where the bucket is.`,
      ),
    ]
  return [
    ok(`${name}${region === null ? '' : ` in ${region}`}`),
    ...(await keeping(options, prefix)),
  ]
}

/** What the bucket does by itself; who may not look is not bothered. */
async function keeping(
  { account, bucket: name }: DoctorOptions,
  prefix: string,
): Promise<readonly Answer[]> {
  try {
    const { expiring, abortsUploads } = await account.lifecycle(name)
    const takes = expiring.find((rule) => overlaps(rule, prefix))
    if (takes !== undefined)
      return [
        fail(
          `a lifecycle rule removes what begins with ${JSON.stringify(takes)}, files of the lake too`,
          'Take the lake out of the rule: what is old is still read. `ticklake land` removes what is not.',
        ),
      ]
    if (await account.versioned(name))
      return [
        warn(
          'the bucket keeps versions: what the lake removes is still paid for',
          'Add a lifecycle rule that expires noncurrent versions, after 7 days say.',
        ),
      ]
    return abortsUploads
      ? []
      : [
          warn(
            'uploads that are broken off stay, and are paid for',
            'Add a lifecycle rule that drops incomplete multipart uploads after a day.',
          ),
        ]
  } catch (error) {
    if (!isFault(error)) throw error
    return [skip(`its lifecycle: ${error.message}`)]
  }
}

const overlaps = (rule: string, prefix: string): boolean => {
  const lake = prefix === '' ? '' : `${prefix}/`
  return rule.startsWith(lake) || lake.startsWith(rule)
}

async function create({ probeStore }: DoctorOptions): Promise<readonly Answer[]> {
  await probeStore()
  return [ok('of two creators of one object one is refused')]
}

async function database({ account, database: name }: DoctorOptions): Promise<readonly Answer[]> {
  const found = await account.database(name)
  if (found === null) return [fail(`there is no Glue database ${name}`, SETUP)]
  return [ok(`${name}${found.account === null ? '' : ` of account ${found.account}`}`)]
}

async function tables({ account, database: name }: DoctorOptions): Promise<readonly Answer[]> {
  const answers: Answer[] = []
  for (const table of TABLES) {
    const found = await account.table(name, table)
    if (found === null) answers.push(skip(`${table}: none yet; \`ticklake land\` makes it`))
    else if (found.kind === 'iceberg') answers.push(ok(`${table}: an Iceberg table`))
    else
      answers.push(
        fail(`${table} is no Iceberg table`, 'Choose another database, or remove it there.'),
      )
  }
  return answers
}

async function workgroup({ account, workgroup }: DoctorOptions): Promise<readonly Answer[]> {
  const { name } = workgroup
  const found = await account.workgroup(name)
  if (found === null) return [fail(`there is no workgroup ${name}`, SETUP)]
  const { output, scanBytesMax, enforced, engine, enabled } = found
  if (!enabled) return [fail(`${name} is disabled`, SETUP)]
  if (output === null) return [fail(`${name} has no place for answers`, SETUP)]
  if (engine !== ENGINE) return [warn(`${name} runs ${engine}, not ${ENGINE}`, SETUP)]
  if (scanBytesMax === null || !enforced)
    return [warn(`${name} lets a query read as much as it likes`, SETUP)]
  if (output !== workgroup.output)
    return [
      warn(
        `${name} writes its answers to ${output}, and the settings say ${workgroup.output}`,
        'Name this lake’s workgroup by TICKLAKE_ATHENA_WORKGROUP, or its place by TICKLAKE_ATHENA_OUTPUT.',
      ),
    ]
  return [ok(`${name}: at most ${sizeText(scanBytesMax)} a query, answers to ${output}`)]
}

async function views(options: DoctorOptions): Promise<readonly Answer[]> {
  const { account, database: name } = options
  const missing: string[] = []
  for (const view of options.views)
    if ((await account.table(name, view)) === null) missing.push(view)
  if (missing.length === 0) return [ok(options.views.join(', '))]
  if ((await account.table(name, TABLES[0])) === null) return [skip('none without the tables')]
  return [warn(`there is no ${missing.join(', ')}`, SETUP)]
}

async function athena({ run, signal }: DoctorOptions): Promise<readonly Answer[]> {
  await run('SELECT 1', signal)
  return [ok('SELECT 1 is answered')]
}
