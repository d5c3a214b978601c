import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Parts } from '../config/components.ts'
import { tapeText } from '../config/places.ts'
import type { KeptTable, Upkeep } from '../config/upkeep.ts'
import { Fault } from '../flow/fault.ts'
import { removeOrphans, type Orphans } from '../lake/upkeep/orphans.ts'
import { purge, type Purged, type PurgeReport } from '../lake/upkeep/purge.ts'
import { purgeTraces } from '../lake/upkeep/purge-traces.ts'
import type { Invocation } from './command.ts'
import { absentText, heldOf, nothingOf, type Held } from './purge-held.ts'
import { eraseTape, keptByKafka, recordsLanded, tapeParts, trimTopics } from './purge-tape.ts'
import { counted } from './tables.ts'
import { plain } from './terminal.ts'
import { showBytes, showSpan } from './times.ts'
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
  /** Of symbols that are to go; null: it goes by files. */
  readonly held: Held | null
  /** Why it cannot be done now, or need not. */
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
  const { held, nothing } = await presence(purging, tables)
  const summary = {
    dry_run: true,
    tables: tables.map(({ table, report }) => ({ table: table.name, ...planJson(report, held) })),
    tape: { address: tapeText(parts.places), landed_records: onTape, unlanded_records: waiting },
    ...(held !== null && { absent: held.absent.map(({ symbol }) => symbol) }),
  }
  const obstacle = waiting > 0 ? notLanded(parts, waiting) : nothing
  if (obstacle === null && held !== null && held.absent.length > 0 && !invocation.json)
    invocation.terminal.err(`${absentText(held.absent)}\n`)
  return { tables, onTape, held, obstacle, summary }
}

/** What is there of it; a fault where nothing is, unless an earlier run took it, or it shall go on all the same. */
async function presence(
  { parts, upkeep, what, invocation }: Purging,
  plans: Plan['tables'],
): Promise<{ readonly held: Held | null; readonly nothing: Fault | null }> {
  const { signal, flags } = invocation
  if (what.kind === 'all') return { held: null, nothing: null }
  const traces = await Promise.all(
    upkeep.tables.map(({ lake }) => purgeTraces(lake.tended(), what)),
  )
  const hasUnread = traces.some((one) => one.hasUnread)
  const held =
    what.kind === 'symbols'
      ? await heldOf(parts, { symbols: what.symbols, hasUnread, signal })
      : null
  const isNone =
    what.kind === 'symbols'
      ? held?.absent.length === what.symbols.length
      : plans.every(({ report }) => report.filesRemoved + report.filesRewritten === 0)
  const goesOn = flags.has('again') || traces.some((one) => one.isNoted)
  return { held, nothing: isNone && !goesOn ? nothingOf(what, held?.absent ?? []) : null }
}

const planJson = (report: PurgeReport, held: Held | null) => ({
  ...reportJson(report),
  ...(held !== null && { rows: held.exact ? held.rows : null }),
})

/** The feed log holds no trades: it tells of connections and gaps, by which the rest is judged. */
const concerned = ({ upkeep, what }: Purging): readonly KeptTable[] =>
  upkeep.tables.filter(({ name }) => name === 'records' || what.kind !== 'symbols')

function notLanded({ places }: Parts, waiting: number): Fault {
  const records = `${counted(waiting, 'record')} of it on the tape ${tapeText(places)}`
  return new Fault('unavailable', `${records} did not land yet`, {
    remedy:
      'They would land later, and stay. Stop recording them: where `ticklake up` runs, stop it (Ctrl-C lands what is there); else run `ticklake land` and stop it. Then purge again.',
  })
}

const reportJson = (report: PurgeReport) => ({
  rows: report.rows,
  files_removed: report.filesRemoved,
  files_rewritten: report.filesRewritten,
  bytes: report.bytesRemoved,
  snapshots: report.snapshotsExpired,
  ...(report.filesLeft.length > 0 && { files_left: report.filesLeft }),
})

/** The plan for a person. */
export async function showPlan(
  { parts, upkeep, what, invocation }: Purging,
  plan: Plan,
): Promise<void> {
  const { terminal } = invocation
  const line = (name: string, says: string) => terminal.out(`${name.padEnd(8)}  ${says}\n`)
  for (const { table, report } of plan.tables) await line(table.name, planText(report, plan.held))
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

function planText(report: PurgeReport, held: Held | null): string {
  const { filesRemoved, filesRewritten, bytesRemoved, snapshotsExpired } = report
  const files = [
    ...(filesRemoved > 0 ? [`${counted(filesRemoved, 'file')} to go`] : []),
    ...(filesRewritten > 0 ? [`${counted(filesRewritten, 'file')} to look through`] : []),
  ]
  if (files.length === 0) return 'holds none of it; older snapshots go all the same'
  const rows = held?.rows ?? report.rows
  const more = held?.exact === false ? ', and records that could not be read and name it' : ''
  const known = rows === null ? '' : `${counted(rows, 'row')}${more}: `
  return `${known}${files.join(', ')} (${showBytes(bytesRemoved)}); ${counted(snapshotsExpired, 'snapshot')} to go`
}

/**
 * Does it, in an order in which each step may be the last: what is left is done by the next run. Answers how many
 * files that held what was purged could not be removed.
 */
export async function doPurge(
  purging: Purging,
  { plan, tapeToo }: { readonly plan: Plan; readonly tapeToo: boolean },
): Promise<readonly string[]> {
  const { parts, upkeep, what, invocation } = purging
  const { signal } = invocation
  let now = ''
  using working = workingLine(invocation, (ms) => `${now} · ${showSpan(ms)}`)
  const tell = teller(invocation, () => working.hide())
  const filesLeft: string[] = []
  for (const { table } of plan.tables) {
    now = `purging ${table.name}`
    const workshop = await upkeep.workshops.of(table.name)
    const report = await purge(table.lake.tended(), { workshop, what, signal })
    await tell(table.name, reportText(report), reportJson(report))
    filesLeft.push(...report.filesLeft)
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
  return filesLeft
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
  filesLeft,
}: PurgeReport) =>
  `${counted(rows ?? 0, 'row')} gone; ${counted(filesRemoved, 'whole file')} removed, ` +
  `${counted(filesRewritten, 'file')} looked through (${showBytes(bytesRemoved)}); ` +
  `${counted(snapshotsExpired, 'snapshot')} expired` +
  (filesLeft.length === 0 ? '' : `; ${counted(filesLeft.length, 'file')} NOT removed`)

type Tell = (part: string, says: string, facts: object) => Promise<void>

const teller =
  ({ terminal, json }: Invocation, hide: () => void): Tell =>
  async (part, says, facts) => {
    hide()
    const text = json ? JSON.stringify({ part, ...facts }) : `${part.padEnd(8)}  ${plain(says)}`
    await terminal.out(`${text}\n`)
  }
