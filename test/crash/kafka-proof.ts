import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { cpus, tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { freshSeed } from '../../src/flow/random.ts'
import { isClean } from './judge.ts'
import { chaos, STRIKES, type ChaosReport } from './kafka-chaos.ts'
import { outage, type OutageReport } from './kafka-outage.ts'

const REPORT = resolve(import.meta.dirname, '../../docs/proof-kafka.md')
const VERSIONS = ['4', '3'] as const
const NAMES = { '4': '4.4.0 (KRaft)', '3': '3.8.0 (ZooKeeper, 256 MB)' } as const
/** As the promise says: a minute, under load, with the queue that is the default. */
const OUTAGE = { outageMs: 60_000, ratePerSecond: 20_000, queue: '64MB' } as const

export type KafkaProof = {
  readonly rounds: number
  readonly rate: number
  readonly seed?: string | undefined
  readonly write: boolean
}

type Proved = {
  readonly version: '3' | '4'
  readonly chaos: ChaosReport
  readonly outage: OutageReport
}

/** Chaos and a minute's outage on both brokers; what is not as promised is kept and ends the process with 1. */
export async function proveKafka({ rounds, rate, seed, write }: KafkaProof): Promise<void> {
  const proved: Proved[] = []
  for (const version of VERSIONS) {
    const dir = await mkdtemp(join(tmpdir(), 'ticklake-proof-'))
    const say = (line: string) => console.error(`Kafka ${version}: ${line}`)
    say(dir)
    const chosen = seed === undefined ? freshSeed() : Number(seed)
    const world = { version, seed: chosen, rounds, ratePerSecond: rate, say }
    const found = {
      version,
      chaos: await chaos({ ...world, dir: join(dir, 'chaos') }),
      outage: await outage({ version, seed: chosen, ...OUTAGE, dir: join(dir, 'outage') }),
    }
    console.log(JSON.stringify({ ...found.chaos, verdict: found.chaos.verdict.audit }))
    console.log(JSON.stringify({ ...found.outage, verdict: found.outage.verdict.audit }))
    if (holds(found)) await rm(dir, { recursive: true, force: true })
    else {
      process.exitCode = 1
      say(`FAILED; everything is kept in ${dir}`)
    }
    proved.push(found)
  }
  if (write) await writeFile(REPORT, reportOf(proved, rate))
}

const holds = ({ chaos, outage }: Proved): boolean =>
  isClean(chaos.verdict) &&
  chaos.verdict.audit.disordered === 0 &&
  chaos.killsOutsideGaps.length === 0 &&
  chaos.connectedMax <= 1 &&
  isClean(outage.verdict) &&
  outage.gaps.length === 1 &&
  outage.handshakes === 1

function reportOf(proved: readonly Proved[], rate: number): string {
  const chaosRows = proved.map(({ version, chaos: { seed, verdict, ...found } }) => {
    const { records, missing, repeated, altered, disordered } = verdict.audit
    const verified = verdict.verify.exit === 0 ? 'passed' : 'failed'
    const counts = [records, missing, repeated, altered, disordered, verified]
    const seconds = (found.takeoverMsMax / 1000).toFixed(1)
    return [NAMES[version], seed, ...counts, verdict.gaps.length, found.connectedMax, seconds]
  })
  const strikeRows = STRIKES.map((strike) => [
    strike,
    ...proved.map(({ chaos }) => chaos.strikes[strike] ?? 0),
  ])
  const outageRows = proved.map(({ version, outage: { verdict, gaps, ...found } }) => {
    const { records, missing, repeated } = verdict.audit
    const gap = gaps.map(({ cause, from, to }) => {
      const seconds = (Date.parse(to) - Date.parse(from)) / 1000
      return `${cause}, ${seconds.toFixed(1)} s`
    })
    return [NAMES[version], records, missing, repeated, gap.join('; '), found.residentMbMax]
  })
  const rows = (lines: readonly (readonly unknown[])[]) =>
    lines.map((line) => `| ${line.join(' | ')} |`).join('\n')
  return `# Proof on Kafka

What \`npm run proof -- --kafka ROUNDS --write\` found on ${new Date().toISOString().slice(0, 10)}, with Node ${process.versions.node} on ${cpus().length} cores,
real brokers and ${rate.toLocaleString('en')} simulated trades a second: two recorders, one of them standing by, and three landers with
a commit every second, struck at random moments. Missing, repeated and altered are counted by
\`test/readers/audit_kafka.py\`, which reads the topic through librdkafka and the table through pyiceberg; disordered
are records that were received before one of their symbol that lies before them; beside them stands what
\`ticklake verify\` said. Connected is the most recorders that the feed's own server had at once, but for those that
were stopped themselves; takeover the longest time from a kill of the recorder to the next connection, also where the
broker or the standby was struck meanwhile. Each kill of the recorder lies in a gap.

| broker | seed | records | missing | repeated | altered | disordered | verify | gaps | connected | takeover, s |
| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |
${rows(chaosRows)}

| strikes | ${proved.map(({ version }) => NAMES[version]).join(' | ')} |
| --- |${' --- |'.repeat(proved.length)}
${rows(strikeRows)}

The only broker stopped for a minute under ${OUTAGE.ratePerSecond.toLocaleString('en')} trades a second, with the queue of ${OUTAGE.queue} that is the default:

| broker | records | missing | repeated | gaps | recorder's memory, MB |
| --- | --- | --- | --- | --- | --- |
${rows(outageRows)}
`
}
