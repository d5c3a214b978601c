import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Parts } from '../config/components.ts'
import { tapeText } from '../config/places.ts'
import type { KeptTable, Upkeep } from '../config/upkeep.ts'
import { Fault } from '../flow/fault.ts'
import { removeOrphans, type Orphans } from '../lake/upkeep/orphans.ts'
import { purge, type Purged, type PurgeReport } from '../lake/upkeep/purge.ts'
import type { Invocation } from './command.ts'
import { eraseTape, keptByKafka, recordsLanded, tapeParts, trimTopics } from './purge-tape.ts'
import { counted } from './tables.ts'
import { plain } from './terminal.ts'
import { showBytes, showCount, showSpan } from './times.ts'
import { unlandedCount } from './unlanded.ts'
import { workingLine } from './working-line.ts'

export type Purging = {
  readonly parts: Parts
  readonly upkeep: Upkeep
  readonly what: Purged
  readonly invocation: Invocation
}
export type Plan = {
  readonly tables: readonly { readonly table: KeptTable; readonly report: PurgeReport }[]
  /** Records on the tape that have landed: those go from it. */
  readonly onTape: number
  /** Why it cannot be done now. */
  readonly obstacle: Fault | null
  readonly summary: unknown
}

/** Looks at everything, changes nothing. */
export async function planPurge(purging: Purging): Promise<Plan> {
  const { upkeep, what, parts, invocation } = purging
  const { signal } = invocation
  const tables: { table: KeptTable; report: PurgeReport }[] = []
  const standings = await tapeParts(upkeep.tables)
  let waiting = 0
  for (const table of concerned(purging)) {
    const workshop = await upkeep.workshops.of(table.name)
    const how = { workshop, what, signal, dryRun: true }
    tables.push({ table, report: await purge(table.lake.tended(), how) })
    const standing = standings.find((one) => one.table === table)?.standing
    if (standing !== undefined) waiting += await unlandedCount(table, { what, standing, signal })
  }
  const onTape = recordsLanded(standings)
  const summary = {
    dry_run: true,
    tables: tables.map(({ table, report }) => ({ table: table.name, ...reportJson(report) })),
    tape: { address: tapeText(parts.places), landed_records: onTape, unlanded_records: waiting },
  }
  return { tables, onTape, obstacle: waiting === 0 ? null : notLanded(parts, waiting), summary }
}

/** The feed log holds no trades: it tells of connections and gaps, by which the rest is judged. */
const concerned = ({ upkeep, what }: Purging): readonly KeptTable[] =>
  upkeep.tables.filter(({ name }) => name === 'records' || what.kind !== 'symbols')

const notLanded = ({ places }: Parts, waiting: number): Fault =>
  new Fault(
    'unavailable',
    `${counted(waiting, 'record')} of it on the tape ${tapeText(places)} did not land yet`,
    {
      remedy:
        'They would land later, and stay. Stop recording them, run `ticklake land` and stop it (Ctrl-C lands what is there), then purge again.',
    },
  )

const reportJson = (report: PurgeReport) => ({
  rows: report.rows,
  files_removed: report.filesRemoved,
  files_rewritten: report.filesRewritten,
  bytes: report.bytesRemoved,
  snapshots: report.snapshotsExpired,
})

/** The plan for a person. */
export async function showPlan(
  { parts, upkeep, what, invocation }: Purging,
  plan: Plan,
): Promise<void> {
  const { terminal } = invocation
  const line = (name: string, says: string) => terminal.out(`${name.padEnd(8)}  ${says}\n`)
  for (const { table, report } of plan.tables) await line(table.name, planText(report))
  if (what.kind === 'symbols' && upkeep.tables.some(({ name }) => name === 'feed_log'))
    await line('feed_log', 'stays: it tells of connections and gaps, not of trades')
  const { tape } = parts.places
  const landed = `${counted(plan.onTape, 'record')} of both logs that landed`
  await line(
    'tape',
    tape.kind === 'sqlite'
      ? `${landed} go, whatever they are; ${plain(tape.dir)} is written anew`
      : `${plain(tape.address)} keeps ${landed}, unless --tape-too has it forget them all`,
  )
  await line('caches', 'copies of files and what queries spilled go')
}

function planText({
  rows,
  filesRemoved,
  filesRewritten,
  bytesRemoved,
  snapshotsExpired,
}: PurgeReport): string {
  const files = [
    ...(filesRemoved > 0 ? [`${counted(filesRemoved, 'file')} to go`] : []),
    ...(filesRewritten > 0 ? [`${counted(filesRewritten, 'file')} to look through`] : []),
  ]
  if (files.length === 0) return 'holds none of it; older snapshots go all the same'
  const known = rows === null ? '' : `${counted(rows, 'row')}: `
  return `${known}${files.join(', ')} (${showBytes(bytesRemoved)}); ${counted(snapshotsExpired, 'snapshot')} to go`
}

/** Does it, in an order in which each step may be the last: what is left is done by the next run. */
export async function doPurge(
  purging: Purging,
  { plan, tapeToo }: { readonly plan: Plan; readonly tapeToo: boolean },
): Promise<void> {
  const { parts, upkeep, what, invocation } = purging
  const { signal } = invocation
  let now = ''
  using working = workingLine(invocation, (ms) => `${now} · ${showSpan(ms)}`)
  const tell = teller(invocation, () => working.hide())
  for (const { table } of plan.tables) {
    now = `purging ${table.name}`
    const workshop = await upkeep.workshops.of(table.name)
    const report = await purge(table.lake.tended(), { workshop, what, signal })
    await tell(table.name, reportText(report), reportJson(report))
    const olderThanMs = parts.loaded.settings['land.orphan_age']
    const { files } = await removeOrphans(table.lake.tended(), { olderThanMs })
    if (files.length > 0) {
      const says = `of commits that failed ${counted(files.length, 'file')} removed`
      await tell(table.name, says, { orphans: files.length })
    }
    const young = await removeOrphans(table.lake.tended(), { olderThanMs: 0, dryRun: true })
    if (young.files.length > 0) await tell(table.name, youngText(young), youngJson(young))
  }
  now = 'cleaning the tape'
  const logs = await tapeParts(upkeep.tables)
  if (parts.places.tape.kind === 'sqlite') {
    const { bytesBefore, bytesAfter } = await eraseTape(parts, logs)
    const says = `${counted(recordsLanded(logs), 'record')} gone; ${showBytes(bytesBefore)} → ${showBytes(bytesAfter)}`
    await tell('tape', says, { bytes_before: bytesBefore, bytes_after: bytesAfter })
  } else {
    const named = plan.tables.map(({ table }) => table)
    const concerned = logs.filter(({ table }) => named.includes(table))
    if (tapeToo) {
      await trimTopics(concerned)
      await tell('tape', 'Kafka was told to forget what has landed', { trimmed: true })
    } else {
      for (const one of await keptByKafka(parts, concerned)) await tell('tape', one, { kept: one })
    }
  }
  now = 'cleaning caches'
  const { emptyCache } = await import('../config/lake-files.ts')
  await emptyCache(parts)
  await rm(join(parts.places.data, 'spill'), { recursive: true, force: true })
  await tell('caches', 'emptied', { emptied: true })
}

const youngText = ({ files }: Orphans): string =>
  `${counted(files.length, 'file')} left of commits that failed or are under way: \`ticklake orphans --older-than 2h\` removes them once no writer, of any engine, has been at work for longer`

const youngJson = ({ files, bytes }: Orphans) => ({ unreached: files.length, bytes })

const reportText = ({
  rows,
  filesRemoved,
  filesRewritten,
  bytesRemoved,
  snapshotsExpired,
}: PurgeReport) =>
  `${counted(rows ?? 0, 'row')} gone; ${counted(filesRemoved, 'file')} removed, ` +
  `${showCount(filesRewritten)} written anew (${showBytes(bytesRemoved)}); ` +
  `${counted(snapshotsExpired, 'snapshot')} expired`

type Tell = (part: string, says: string, facts: object) => Promise<void>

const teller =
  ({ terminal, json }: Invocation, hide: () => void): Tell =>
  async (part, says, facts) => {
    hide()
    const text = json ? JSON.stringify({ part, ...facts }) : `${part.padEnd(8)}  ${plain(says)}`
    await terminal.out(`${text}\n`)
  }
