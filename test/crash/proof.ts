import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { cpus, tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { freshSeed } from '../../src/flow/random.ts'
import { proveKafka } from './kafka-proof.ts'
import { proveLake, proveYear } from './lake-proof.ts'
import { isClean, type Verdict } from './judge.ts'
import { kill, RATE_PER_SECOND } from './kills.ts'
import { wakeZombies } from './zombies.ts'

// npm run proof -- [--kills N] [--zombies N] [--seed N] [--write]
// npm run proof -- --kafka ROUNDS [--rate N] [--seed N] [--write]
// npm run proof -- --lake MINUTES [--kills N] [--seed N] [--write]
// npm run proof -- --year [--days N] [--seed N] [--write]
// Kills real processes and says what two programs found; --write puts the report into docs/proof.md, that of
// Kafka into docs/proof-kafka.md, those of S3 and of a year into docs/proof-lake.md and docs/proof-year.md.

const FIXED_SEED = 20_261_123
const REPORT = resolve(import.meta.dirname, '../../docs/proof.md')
const { values } = parseArgs({
  options: {
    kills: { type: 'string' },
    zombies: { type: 'string', default: '10' },
    kafka: { type: 'string' },
    rate: { type: 'string', default: '20000' },
    lake: { type: 'string' },
    year: { type: 'boolean', default: false },
    days: { type: 'string' },
    seed: { type: 'string' },
    write: { type: 'boolean', default: false },
  },
})

type Proved = {
  readonly what: string
  readonly seed: number
  readonly verdict: Verdict
  readonly clean: boolean
}

const say = (line: string) => console.error(line)

/** Runs one proof in a folder of its own; the folder is kept when the proof fails. */
async function inFolder(title: string, prove: (dir: string) => Promise<Proved>): Promise<Proved> {
  const dir = await mkdtemp(join(tmpdir(), 'ticklake-proof-'))
  say(`${title}: ${dir}`)
  const proved = await prove(dir)
  if (proved.clean) await rm(dir, { recursive: true, force: true })
  else process.exitCode = 1
  say(proved.clean ? `${title}: proved` : `${title}: FAILED; everything is kept in ${dir}`)
  const { gaps, ...verdict } = proved.verdict
  console.log(JSON.stringify({ ...proved, verdict, gaps: gaps.length }))
  return proved
}

const killing = (seed: number, kills: number) =>
  inFolder(`${kills} kills, seed=${seed}`, async (dir) => {
    const { kills: done, verdict, killsOutsideGaps } = await kill({ seed, kills, dir, say })
    const what = `${done.record} kills of the recorder, ${done.land} of the lander, ${done.directed} of all as a file appeared`
    return { what, seed, verdict, clean: isClean(verdict) && killsOutsideGaps.length === 0 }
  })

const waking = (seed: number, rounds: number) =>
  inFolder(`${rounds} zombies, seed=${seed}`, async (dir) => {
    const verdict = await wakeZombies({ seed, kills: rounds, dir, say })
    const what = `${rounds} landers stopped, overtaken by another, and woken`
    return { what, seed, verdict, clean: isClean(verdict) }
  })

if (values.year) await proveYear(values)
else if (values.lake !== undefined)
  await proveLake({ ...values, minutes: Number(values.lake), kills: Number(values.kills ?? 50) })
else if (values.kafka === undefined) await proveHere()
else await proveKafka({ ...values, rounds: Number(values.kafka), rate: Number(values.rate) })

async function proveHere(): Promise<void> {
  const seeds = values.seed === undefined ? [FIXED_SEED, freshSeed()] : [Number(values.seed)]
  const all: Proved[] = []
  for (const seed of seeds)
    all.push(await killing(seed, Math.ceil(Number(values.kills ?? 200) / seeds.length)))
  for (const seed of seeds.slice(-1)) all.push(await waking(seed, Number(values.zombies)))
  if (values.write) await writeFile(REPORT, reportOf(all))
}

function reportOf(proofs: readonly Proved[]): string {
  const rows = proofs.map(({ what, seed, verdict: { verify, audit, gaps }, clean }) =>
    [
      what,
      seed,
      audit.records,
      audit.missing,
      audit.repeated,
      audit.altered,
      verify.exit === 0 ? 'passed' : 'failed',
      gaps.length,
      clean ? 'yes' : '**no**',
    ].join(' | '),
  )
  return `# Proof

What \`npm run proof -- --write\` found on ${new Date().toISOString().slice(0, 10)}, with Node ${process.versions.node} on ${cpus().length} cores:
real recorders and landers, killed with SIGKILL while they took ${RATE_PER_SECOND.toLocaleString('en')} simulated trades a second and committed every
second. Missing, repeated and altered are counted by \`test/readers/audit.py\`, which reads the tape's SQLite file
by itself and the table through pyiceberg; beside it stands what \`ticklake verify\` said of the same. Proved also
means that all of the tape had landed at the end, and that each kill of the recorder lies in a gap.

| what was done | seed | records | missing | repeated | altered | verify | gaps | proved |
| --- | --- | --- | --- | --- | --- | --- | --- | --- |
${rows.map((row) => `| ${row} |`).join('\n')}
`
}
