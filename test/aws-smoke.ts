import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { systemClock } from '../src/flow/clock.ts'
import { systemRandom } from '../src/flow/random.ts'
import { awsFault } from '../src/lake/aws-fault.ts'
import { foundRegion, openAthenaApi } from '../src/query/athena/api.ts'
import { execute } from '../src/query/athena/execution.ts'
import { ticklake, type Ended, type Run, type Told } from './aws-smoke/cli.ts'
import { namesOf, tearDown, type Names } from './aws-smoke/cloud.ts'

const USAGE = `npm run aws-smoke -- --bucket NAME

Shows in your own AWS account what no stand-in can: it makes a folder in the bucket, a Glue database
and an Athena workgroup, each with a random name; lands a few thousand simulated trades; compares what
Athena and DuckDB answer; deletes rows by Athena, lands again and compares again; removes all of it,
also after Ctrl-C or a failure; and says what it cost, which is less than a cent. It takes ten minutes
at most. Credentials and region come as for ticklake: AWS_PROFILE, AWS_REGION. docs/aws.md has the rights.

  --bucket NAME  an existing bucket in that region; what else it holds is not touched
  --clean ID     only remove what an earlier run left: the ID that it printed
  --dry-run      against a stand-in on this machine, which has no SQL of Athena: all but the comparing
`
/** Simulated trades a second, and for how long: a dry run shows that it works, not how much. */
const RATE = 1000
const RECORD_MS = 5000
const DRY_RECORD_MS = 800
const PRICE_USD = 5
/** The symbol that Athena deletes. */
const DELETED = 'AAPL'

/** What both engines must answer alike, to the last digit; sums of floats are left out, whose order is free. */
const COMPARED = {
  records: `SELECT count(*) AS n, count(DISTINCT symbol) AS symbols, sum(tape_offset) AS offsets,
  min(ts) AS first_ts, max(ts) AS last_ts, max(received_at) AS last_received FROM records`,
  symbols: `SELECT symbol, count(*) AS n, min(price) AS low, max(price) AS high, max(volume) AS largest
FROM trades GROUP BY symbol ORDER BY symbol`,
  bars: `SELECT symbol, session, bucket, open, high, low, close, trades
FROM bars_1m ORDER BY symbol, session, bucket`,
  events: 'SELECT kind, count(*) AS n FROM feed_log GROUP BY kind ORDER BY kind',
}

type Smoke = {
  readonly names: Names
  readonly told: Told
  /** The stand-in answers nothing. */
  readonly isDry: boolean
  readonly spent: { scannedBytes: number; usd: number }
}

const say = (line: string): void => void process.stdout.write(`${line}\n`)

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      bucket: { type: 'string' },
      clean: { type: 'string' },
      'dry-run': { type: 'boolean' },
      help: { type: 'boolean', short: 'h' },
    },
  })
  const isDry = values['dry-run'] ?? false
  if (values.help === true || (values.bucket === undefined && !isDry)) {
    process.stdout.write(USAGE)
    return values.help === true ? 0 : 2
  }
  await using held = new AsyncDisposableStack()
  if (isDry) {
    const { startAws } = await import('../stack/aws.ts')
    const aws = held.use(await startAws())
    Object.assign(process.env, aws.env)
  }
  const bucket = values.bucket ?? 'lake'
  if (values.clean !== undefined)
    return (await tearDown(namesOf(bucket, values.clean), say)) ? 0 : 1
  return await run(namesOf(bucket, randomBytes(4).toString('hex')), isDry)
}

/** Does all of it and removes it, whatever happens. */
async function run(names: Names, isDry: boolean): Promise<number> {
  const stop = new AbortController()
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.on(name, () => stop.abort(new Error(`stopped by ${name}`)))
  const cwd = await mkdtemp(join(tmpdir(), 'ticklake-smoke-'))
  const env = {
    ...process.env,
    TICKLAKE_FEED: 'simulator',
    TICKLAKE_LAKE: `s3://${names.bucket}/${names.prefix}`,
    TICKLAKE_CATALOG: `glue:${names.database}`,
    TICKLAKE_ATHENA_WORKGROUP: names.workgroup,
    ...(isDry && { TICKLAKE_S3_PATH_STYLE: 'on' }),
  }
  const told = { cwd, env, signal: stop.signal }
  const smoke: Smoke = { names, told, isDry, spent: { scannedBytes: 0, usd: 0 } }
  const id = names.prefix.split('-').at(-1)
  say(
    `This run is ${id}; should it be killed, npm run aws-smoke -- --bucket ${names.bucket} --clean ${id}`,
  )
  let failure: unknown = null
  try {
    await steps(smoke)
  } catch (error) {
    failure = error
    say(`FAILED: ${error instanceof Error ? error.message : String(error)}`)
  }
  const isClean = await tearDown(names, say)
  await rm(cwd, { recursive: true, force: true })
  const { scannedBytes, usd } = smoke.spent
  say(
    `Athena read ${scannedBytes} bytes, for $${usd.toFixed(5)} at most; S3 and Glue take less than a cent`,
  )
  if (failure === null && isClean) say(isDry ? 'dry run passed' : 'passed')
  return failure === null && isClean ? 0 : 1
}

async function steps(smoke: Smoke): Promise<void> {
  await step(smoke, 'make database and workgroup', ['aws', 'setup', '--yes'])
  await recordAndLand(smoke)
  await step(smoke, 'make the views', ['aws', 'setup', '--yes'])
  const doctor = await step(smoke, 'look at everything', ['aws', 'doctor'])
  for (const line of doctor.out.trimEnd().split('\n')) say(`    ${line}`)
  await compare(smoke)
  await counted(smoke, 'more than 0')
  await remove(smoke)
  await counted(smoke, '0')
  await compare(smoke)
  await recordAndLand(smoke)
  await compare(smoke)
}

/** Runs the program and tells how long it took. Throws with what it said where it failed. */
async function step(smoke: Smoke, name: string, args: readonly string[]): Promise<Ended> {
  return stepUntil(smoke, { name, args })
}

type Step = Run & { readonly name: string; readonly args: readonly string[] }

async function stepUntil({ told }: Smoke, { name, args, ...how }: Step): Promise<Ended> {
  const begun = performance.now()
  const ended = await ticklake(args, told, how)
  say(`${((performance.now() - begun) / 1000).toFixed(1).padStart(6)} s  ${name}`)
  if (ended.code === 0) return ended
  throw new Error(`ticklake ${args.join(' ')} ended with ${ended.code}\n${ended.out}${ended.err}`)
}

async function recordAndLand(smoke: Smoke): Promise<void> {
  const recordMs = smoke.isDry ? DRY_RECORD_MS : RECORD_MS
  await stepUntil(smoke, {
    name: `record about ${(RATE * recordMs) / 1000} simulated trades`,
    args: ['record', '--simulator-rate', String(RATE)],
    until: { seen: /recording/, thenMs: recordMs },
  })
  const landed = await stepUntil(smoke, {
    name: 'land them',
    args: ['land', '--land-age', '1s'],
    until: { seen: /landing/, thenMs: 200 }, // what is on the tape by then is committed before it ends
  })
  for (const [, table, rows] of landed.err.matchAll(/committed table=(\w+) rows=(\d+)/g))
    say(`    ${rows} rows of ${table}`)
}

/** Asks both engines the same and compares their answers as text. */
async function compare(smoke: Smoke): Promise<void> {
  const questions = Object.entries(COMPARED)
  for (const [name, sql] of smoke.isDry ? questions.slice(0, 1) : questions) {
    const ours = await step(smoke, `${name} by DuckDB`, ['sql', '--json', sql])
    const args = ['sql', '--json', '--engine', 'athena', sql]
    const theirs = await step(smoke, `${name} by Athena`, args)
    spend(smoke, theirs.err)
    if (smoke.isDry) continue
    if (ours.out !== theirs.out)
      throw new Error(`they differ:\nDuckDB\n${ours.out}\nAthena\n${theirs.out}\n${sql}`)
    say(`    equal, rows: ${ours.out.split('\n').length - 1}`)
  }
}

/** That there are rows to delete, and then that they are gone. */
async function counted(smoke: Smoke, wanted: '0' | 'more than 0'): Promise<void> {
  if (smoke.isDry) return
  const sql = `SELECT count(*) AS n FROM records WHERE symbol = '${DELETED}'`
  const { out } = await step(smoke, `${DELETED} by DuckDB`, ['sql', '--json', sql])
  const isNone = out === '{"n":0}\n'
  if (isNone !== (wanted === '0')) throw new Error(`rows of ${DELETED} should be ${wanted}: ${out}`)
}

function spend({ spent }: Smoke, err: string): void {
  const line = err.split('\n').find((text) => text.includes('"scanned_bytes"'))
  if (line === undefined) return
  const { scanned_bytes: bytes, cost_usd: usd } = JSON.parse(line) as {
    readonly scanned_bytes: number
    readonly cost_usd: number | null
  }
  spent.scannedBytes += bytes
  spent.usd += usd ?? 0
}

/** As a person would in the console of Athena: rows are struck out, not rewritten. */
async function remove({ names, told, spent }: Smoke): Promise<void> {
  const region = await foundRegion()
  using api = await openAthenaApi({ region, endpoint: null, readError: awsFault })
  const options = {
    api,
    database: names.database,
    workgroup: names.workgroup,
    priceUsd: PRICE_USD,
    clock: systemClock,
    random: systemRandom,
    tell: ({
      ended,
      scannedBytes,
      cost,
    }: {
      ended: boolean
      scannedBytes: number
      cost: number | null
    }) => {
      if (ended) spent.scannedBytes += scannedBytes
      if (ended) spent.usd += cost ?? 0
    },
  }
  await execute(options, `DELETE FROM records WHERE symbol = '${DELETED}'`, told.signal)
  say(`          ${DELETED} deleted by Athena`)
}

process.exitCode = await main()
