import type { KeptTable, Upkeep } from '../config/upkeep.ts'
import { Fault } from '../flow/fault.ts'
import type { Compacted } from '../lake/upkeep/compact.ts'
import type { Command, Invocation } from './command.ts'
import { EXIT, signalExit } from './exit.ts'
import { chosenTables, counted, dayText, TABLE_FLAG } from './tables.ts'
import { showBytes, showCount, showSpan } from './times.ts'
import { workingLine } from './working-line.ts'

const DAY_MS = 86_400_000
const NO_TIME = 'no-time'

export const command: Command = {
  text: {
    name: 'compact',
    takes: '',
    summary: "Write days' files anew, as few and sorted",
    examples: [
      ['ticklake compact', 'every day of both tables that is worth it'],
      ['ticklake compact --dry-run', 'say which, and change nothing'],
      ['ticklake compact --table records --day 2026-11-20', 'one day (UTC)'],
    ],
    about:
      'The days that still grow have their small files gathered; a day that is over is sorted once into files of\n' +
      'about 256 MB, and again only after late trades. `land` does this by itself (land.upkeep). It may run beside\n' +
      '`land` and beside queries: each day is one swap, and killed at any moment a day is as before or as after.\n' +
      'The old files go when the snapshots that have them expire. Ctrl-C gives up the day under way.',
    flags: [
      TABLE_FLAG,
      { name: 'day', metavar: 'DATE', doc: `One day (UTC), or ${NO_TIME}: rows without a time` },
      { name: 'dry-run', doc: 'Say what it would do, change nothing' },
    ],
    positionalsMax: 0,
  },
  run: async (invocation) => {
    const { signal, terminal, json } = invocation
    const days = daysOf(invocation)
    chosenTables(invocation, []) // a wrong name is told before anything is opened
    const { partsOf } = await import('../config/components.ts')
    const { openUpkeep } = await import('../config/upkeep.ts')
    const log = await invocation.log()
    const parts = partsOf(await invocation.settings(), { log })
    invocation.onStop('giving up the day under way')
    await using upkeep = await openUpkeep(parts)
    try {
      const outcomes = await compactAll(invocation, upkeep, days)
      if (outcomes.length === 0 && !json) terminal.err('nothing to compact\n')
      if (signal.aborted) throw stopped()
      return outcomes.some(({ outcome }) => outcome === 'conflict') ? EXIT.failed : EXIT.ok
    } catch (error) {
      if (!signal.aborted) throw error
      if (!json) terminal.err('stopped: days that were done stay done\n')
      return signalExit(signal.reason)
    }
  },
}

const stopped = (): Fault => new Fault('closed', 'stopped', { remedy: 'Run it again.' })

function daysOf({ flags }: Invocation): readonly (number | null)[] | undefined {
  const text = flags.get('day')
  if (text === undefined) return undefined
  if (text === NO_TIME) return [null]
  const ms = Date.parse(`${text}T00:00:00Z`)
  if (/^\d{4}-\d\d-\d\d$/.test(text) && new Date(ms || 0).toISOString().startsWith(text))
    return [ms / DAY_MS]
  throw new Fault('invalid', `--day takes a date, not ${text}`, {
    remedy: `As in --day 2026-11-20, or --day ${NO_TIME}.`,
  })
}

type Days = readonly (number | null)[] | undefined
type Work = { readonly table: KeptTable; readonly planned: readonly Compacted[] }

async function compactAll(
  invocation: Invocation,
  { tables, workshops }: Upkeep,
  days: Days,
): Promise<readonly Compacted[]> {
  const { compact } = await import('../lake/upkeep/compact.ts')
  const { signal, terminal, json, flags } = invocation
  const plan = async (table: KeptTable) => {
    const how = { workshop: await workshops.of(table.name), signal, dryRun: true }
    return await Array.fromAsync(compact(table.lake.tended(), { ...how, ...(days && { days }) }))
  }
  const works: Work[] = []
  for (const table of chosenTables(invocation, tables))
    works.push({ table, planned: await plan(table) })
  if (flags.has('dry-run')) {
    for (const { table, planned } of works) {
      if (planned.length === 0) await tellNothing(invocation, table.name)
      for (const one of planned) await tell(invocation, { table: table.name, one, seconds: 0 })
    }
    return works.flatMap(({ planned }) => planned)
  }
  const outcomes: Compacted[] = []
  const whole = works.flatMap(({ planned }) => planned)
  const names = works.flatMap(({ table, planned }) =>
    planned.map(({ day }) => `${table.name} ${dayText(day)}`),
  )
  const total = { names, bytes: bytesOf(whole) }
  using line = workingLine({ terminal, json }, (ms) => progressText(outcomes, total, ms))
  for (const { table, planned } of works) {
    if (planned.length === 0) {
      await tellNothing(invocation, table.name)
      continue
    }
    const workshop = await workshops.of(table.name)
    const how = { workshop, signal, days: planned.map(({ day }) => day) }
    let began = performance.now()
    for await (const one of compact(table.lake.tended(), how)) {
      outcomes.push(one)
      line.hide()
      const seconds = (performance.now() - began) / 1000
      await tell(invocation, { table: table.name, one, seconds })
      began = performance.now()
    }
  }
  return outcomes
}

const bytesOf = (days: readonly Compacted[]): number =>
  days.reduce((sum, { bytesBefore }) => sum + bytesBefore, 0)

function progressText(
  done: readonly Compacted[],
  total: { readonly names: readonly string[]; readonly bytes: number },
  elapsedMs: number,
): string {
  const bytes = bytesOf(done)
  const left = bytes === 0 ? '' : ` · ${showSpan((elapsedMs * (total.bytes - bytes)) / bytes)} left`
  const days = `${showCount(done.length)} of ${counted(total.names.length, 'day')} done`
  const sizes = `${showBytes(bytes)} of ${showBytes(total.bytes)}`
  return `compacting ${total.names[done.length] ?? ''} · ${days} · ${sizes} · ${showSpan(elapsedMs)}${left}`
}

type Told = { readonly table: string; readonly one: Compacted; readonly seconds: number }

async function tell({ terminal, json }: Invocation, told: Told): Promise<void> {
  await terminal.out(json ? `${JSON.stringify(dayJson(told))}\n` : dayLine(told))
}

/** A program is told of each table that it has no day to compact; a person, when there is none at all. */
async function tellNothing({ terminal, json }: Invocation, table: string): Promise<void> {
  if (json) await terminal.out(`${JSON.stringify({ table, day: null, outcome: 'nothing' })}\n`)
}

const dayJson = ({ table, one, seconds }: Told) => ({
  table,
  day: one.day === null ? null : dayText(one.day),
  kind: one.kind,
  outcome: one.outcome,
  rows: one.after?.rows ?? one.rowsBefore,
  files_before: one.filesBefore,
  files_after: one.after?.files ?? null,
  bytes_before: one.bytesBefore,
  bytes_after: one.after?.bytes ?? null,
  seconds: Number(seconds.toFixed(3)),
})

function dayLine({ table, one, seconds }: Told): string {
  const { after, filesBefore, bytesBefore, rowsBefore } = one
  const head = `${table.padEnd(8)}  ${dayText(one.day).padEnd(10)}  ${one.kind.padEnd(6)}`
  const files = showCount(filesBefore).padStart(6)
  const bytes = showBytes(bytesBefore).padStart(7)
  const rows = showCount(after?.rows ?? rowsBefore).padStart(11)
  if (after === null) {
    const what = one.outcome === 'planned' ? '' : '  another writer was faster: run it again'
    return `${head}  ${files} files  ${bytes}  ${rows} rows${what}\n`
  }
  const sizes = `${files} → ${counted(after.files, 'file')}  ${bytes} → ${showBytes(after.bytes)}`
  return `${head}  ${sizes}  ${rows} rows  ${seconds.toFixed(1)} s\n`
}
