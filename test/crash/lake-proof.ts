import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { cpus, tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { freshSeed } from '../../src/flow/random.ts'
import { isClean } from './judge.ts'
import { lakeChaos, LAKE_STRIKES, type LakeChaosReport } from './lake-chaos.ts'
import type { Leftovers } from './leftovers.ts'
import { killUpkeep, type UpkeepReport } from './upkeep-kills.ts'
import { liveYear, median, type DayFigures } from './year.ts'

const DOCS = resolve(import.meta.dirname, '../../docs')
/** As the promise says: eight landers that commit every ten seconds. */
const CHAOS = { store: 'minio', landers: 8, landAge: '10s', ratePerSecond: 2_000 } as const
const YEAR = { days: 252, tradesADay: 500_000, commitsADay: 40 } as const
/** The steady state: the first week with all that it brings, and the last. */
const WEEK_DAYS = 5

const say = (line: string) => console.error(line)
const where = () =>
  `on ${new Date().toISOString().slice(0, 10)}, with Node ${process.versions.node} on ${cpus().length} cores`

/** A folder that is kept when what was done in it did not hold. */
async function inFolder<T>(act: (dir: string) => Promise<T>, holds: (found: T) => boolean) {
  const dir = await mkdtemp(join(tmpdir(), 'ticklake-proof-'))
  say(dir)
  const found = await act(dir)
  if (holds(found)) await rm(dir, { recursive: true, force: true })
  else {
    process.exitCode = 1
    say(`FAILED; everything is kept in ${dir}`)
  }
  return found
}

export type LakeProof = {
  readonly minutes: number
  readonly kills: number
  readonly seed?: string | undefined
  readonly write: boolean
}

/** Landers, catalog and store under faults for so long, and upkeep killed so often. */
export async function proveLake({ minutes, kills, seed: named, write }: LakeProof): Promise<void> {
  const seed = named === undefined ? freshSeed() : Number(named)
  const upkeep = await inFolder((dir) => killUpkeep({ seed, kills, dir, say }), upkeepHolds)
  console.log(JSON.stringify({ ...upkeep, verdict: upkeep.verdict.audit }))
  const seconds = minutes * 60
  const chaos = await inFolder(
    (dir) => lakeChaos({ ...CHAOS, seed, seconds, dir, say }),
    chaosHolds,
  )
  console.log(JSON.stringify({ ...chaos, verdict: chaos.verdict.audit }))
  if (write) await writeFile(join(DOCS, 'proof-lake.md'), lakeReport(chaos, upkeep, minutes))
}

const isTidy = ({ orphans, lost }: Leftovers): boolean => orphans.length + lost.length === 0
export const chaosHolds = ({ verdict, leftovers }: LakeChaosReport): boolean =>
  isClean(verdict) && verdict.audit.disordered === 0 && isTidy(leftovers)
export const upkeepHolds = ({ verdict, leftovers }: UpkeepReport): boolean =>
  isClean(verdict) && isTidy(leftovers)

function lakeReport(chaos: LakeChaosReport, upkeep: UpkeepReport, minutes: number): string {
  const { audit, verify } = chaos.verdict
  const strikes = LAKE_STRIKES.map((strike) => `| ${strike} | ${chaos.strikes[strike] ?? 0} |`)
  const passed = (exit: number) => (exit === 0 ? 'passed' : 'failed')
  const row = (cells: readonly (string | number)[]) => `| ${cells.join(' | ')} |`
  return `# Proof on S3 and Glue

What \`npm run proof -- --lake ${minutes} --write\` found ${where()}:
${CHAOS.landers} landers on one table, each a process with a data folder of its own, a commit every ${CHAOS.landAge}, for ${minutes} minutes,
${CHAOS.ratePerSecond.toLocaleString('en')} simulated trades a second on 8 partitions of Kafka 4.4.0. The store is MinIO, killed and started again; the
catalog is moto's Glue behind a proxy that checks versions as AWS does, and that applied ${chaos.lostAnswers} swaps and answered
each with 500 (one in twenty); ${chaos.storeMishaps} requests to the store were cut, refused, or applied with their answer lost.
Counted by \`test/readers/audit_kafka.py\`, which reads the topic through librdkafka and the table through pyiceberg's
Glue catalog; beside it stands what \`ticklake verify\` said. At the end orphans were removed as hours later: left over
are files that no snapshot reaches, lost are files that one reaches and that are gone.

| records | missing | repeated | altered | disordered | verify | orphans removed | left over | lost | seed |
| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |
${row([audit.records, audit.missing, audit.repeated, audit.altered, audit.disordered, passed(verify.exit), chaos.leftovers.removed, chaos.leftovers.orphans.length, chaos.leftovers.lost.length, chaos.seed])}

| strike | times |
| --- | --- |
${strikes.join('\n')}

## Compaction and expiry, killed

\`ticklake compact\` and \`ticklake expire\`, killed with SIGKILL beside a recorder and a lander on a lake in a folder,
most of them a moment after their first file appeared:

| compactions killed | expiries killed | records | missing | repeated | altered | verify | orphans removed | left over | lost |
| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |
${row([upkeep.kills.compact, upkeep.kills.expire, upkeep.verdict.audit.records, upkeep.verdict.audit.missing, upkeep.verdict.audit.repeated, upkeep.verdict.audit.altered, passed(upkeep.verdict.verify.exit), upkeep.leftovers.removed, upkeep.leftovers.orphans.length, upkeep.leftovers.lost.length])}
`
}

export type YearProof = {
  readonly days?: string | undefined
  readonly seed?: string | undefined
  readonly write: boolean
}

const FIGURES = ['metadataBytes', 'commitMs', 'planMs', 'queryMs'] as const

/** Trading days in fast-forward: what they cost at the end against the first week. */
export async function proveYear({ days, seed, write }: YearProof): Promise<void> {
  const how = {
    ...YEAR,
    days: days === undefined ? YEAR.days : Number(days),
    seed: seed === undefined ? freshSeed() : Number(seed),
    say,
  }
  const began = performance.now()
  const figures = await inFolder((dir) => liveYear({ ...how, dir }), yearHolds)
  const seconds = (performance.now() - began) / 1000
  console.log(
    JSON.stringify({
      first: weekOf(figures.slice(0, WEEK_DAYS)),
      last: weekOf(figures.slice(-WEEK_DAYS)),
      seconds,
    }),
  )
  if (write) await writeFile(join(DOCS, 'proof-year.md'), yearReport(figures, seconds))
}

type Week = Readonly<Record<(typeof FIGURES)[number], number>>

const weekOf = (days: readonly DayFigures[]): Week =>
  Object.fromEntries(
    FIGURES.map((name) => [name, median(days.map((day) => day[name]))]),
  ) as unknown as Week

const RATIO_MAX = 1.5

function ratiosOf(figures: readonly DayFigures[]): Week {
  const [first, last] = [steady(figures), weekOf(figures.slice(-WEEK_DAYS))]
  return Object.fromEntries(
    FIGURES.map((name) => [name, last[name] / first[name]]),
  ) as unknown as Week
}

/** The document grows until expiry begins, after 360 commits: the first week is steady from there on. */
const steady = (figures: readonly DayFigures[]): Week => {
  const from = Math.min(figures.length - 1, Math.ceil(360 / YEAR.commitsADay))
  return weekOf(figures.slice(from, from + WEEK_DAYS))
}

const yearHolds = (figures: readonly DayFigures[]): boolean =>
  Object.values(ratiosOf(figures)).every((ratio) => ratio <= RATIO_MAX)

function yearReport(figures: readonly DayFigures[], seconds: number): string {
  const [first, last, ratios] = [
    steady(figures),
    weekOf(figures.slice(-WEEK_DAYS)),
    ratiosOf(figures),
  ]
  const end = figures.at(-1)
  const NAMES: Readonly<Record<keyof Week, string>> = {
    metadataBytes: 'metadata document, KB',
    commitMs: 'commit, ms',
    planMs: 'planning one symbol’s day, nothing in memory, ms',
    queryMs: 'one-minute bars of one symbol’s day by SQL, ms',
  }
  const shown = (name: keyof Week, value: number) =>
    name === 'metadataBytes' ? (value / 1000).toFixed(0) : value.toFixed(1)
  const rows = FIGURES.map(
    (name) =>
      `| ${NAMES[name]} | ${shown(name, first[name])} | ${shown(name, last[name])} | ${ratios[name].toFixed(2)} |`,
  )
  return `# A year in fast-forward

What \`npm run proof -- --year --write\` found ${where()}:
${figures.length} trading days of ${YEAR.tradesADay.toLocaleString('en')} simulated trades, ${YEAR.commitsADay} commits a day, into a lake in a folder, with the upkeep
that \`land\` does: the open day's small files gathered hourly, the closed day sorted once, snapshots expired, orphans
removed daily. ${seconds.toFixed(0)} seconds for all of it. Each figure is the median of a week: the first one in which snapshots
expire, and the last.

| | first week | last week | ratio |
| --- | --- | --- | --- |
${rows.join('\n')}

At the end: ${end?.rows.toLocaleString('en')} rows, each of them once, in ${end?.files} data files; ${((end?.lakeBytes ?? 0) / 1e9).toFixed(2)} GB on disk,
${((end?.lakeBytes ?? 0) / (end?.rows ?? 1)).toFixed(1)} bytes a row.
`
}
