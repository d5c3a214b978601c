import type { LakeSnapshot } from '../lake/lake.ts'
import { noTableText } from './ask.ts'
import type { Command, Invocation } from './command.ts'
import { EXIT } from './exit.ts'
import { alignColumns, plain } from './terminal.ts'
import { showBytes, showCount } from './times.ts'

const DAY_MS = 86_400_000

export const command: Command = {
  text: {
    name: 'ls',
    takes: '',
    summary: "The lake's days: files, rows, bytes",
    examples: [
      ['ticklake ls', 'both tables, a line a day (UTC)'],
      ['ticklake ls --json | jq .bytes', 'for programs'],
      ['ticklake ls --files', 'each data file'],
    ],
    flags: [{ name: 'files', doc: 'List each data file' }],
    positionalsMax: 0,
  },
  invalidExit: EXIT.settings,
  run: async (invocation) => {
    const { openLakesToRead } = await import('../config/components.ts')
    const { namesLake, openTapeToRead, partsToAsk } = await import('../config/tapes.ts')
    const { lakeText } = await import('../config/lake-places.ts')
    const parts = partsToAsk(await invocation.settings())
    await using lakes = await openLakesToRead(parts, null)
    if ((await lakes.binding()) === null) {
      if (namesLake(parts)) invocation.terminal.err(await noTableText(parts))
      // In a folder without a lake there may be no tape either: that is the better word then.
      else await (await openTapeToRead(parts))[Symbol.asyncDispose]()
    }
    const tables = [
      { table: 'records', snapshot: await lakes.records.snapshot() },
      { table: 'feed_log', snapshot: await lakes.feedLog.snapshot() },
    ]
    if (invocation.flags.has('files')) await showFiles(invocation, tables, lakeText(parts.places))
    else await showDays(invocation, tables)
    return EXIT.ok
  },
}

type Listed = readonly { readonly table: string; readonly snapshot: LakeSnapshot }[]

/** The day of a file: null is that of records without a time. */
const dayText = (day: number | null): string | null =>
  day === null ? null : new Date(day * DAY_MS).toISOString().slice(0, 10)

async function showDays({ terminal, json }: Invocation, tables: Listed): Promise<void> {
  const days = tables.flatMap(({ table, snapshot }) => {
    const byDay = Map.groupBy(snapshot.files, ({ day }) => day)
    return [...byDay]
      .sort(([a], [b]) => (a ?? -1) - (b ?? -1))
      .map(([day, files]) => ({
        table,
        snapshot: snapshot.id,
        day: dayText(day),
        files: files.length,
        rows: files.reduce((sum, { rows }) => sum + rows, 0),
        bytes: files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
      }))
  })
  if (json) {
    for (const day of days) await terminal.out(`${JSON.stringify(day)}\n`)
    return
  }
  const lines = days.map(({ table, day, files, rows, bytes }) => [
    table,
    day ?? 'no time',
    showCount(files),
    showCount(rows),
    showBytes(bytes),
  ])
  const snapshots = tables.map(({ table, snapshot }) => `${table} ${snapshot.id ?? 'none yet'}`)
  await terminal.out(
    alignColumns(
      [['TABLE', 'DAY UTC', 'FILES', 'ROWS', 'SIZE'], ...lines],
      [false, false, true, true, true],
    ),
  )
  await terminal.out(`snapshots: ${snapshots.join(', ')}\n`)
}

async function showFiles(
  { terminal, json }: Invocation,
  tables: Listed,
  lake: string,
): Promise<void> {
  const files = tables.flatMap(({ table, snapshot }) =>
    snapshot.files.map(({ location, rows, sizeBytes, day }) => ({
      table,
      day: dayText(day),
      rows,
      bytes: sizeBytes,
      location,
    })),
  )
  if (json) {
    for (const file of files) await terminal.out(`${JSON.stringify(file)}\n`)
    return
  }
  const lines = files.map(({ table, day, rows, bytes, location }) => [
    table,
    day ?? 'no time',
    showCount(rows),
    showBytes(bytes),
    plain(location.startsWith(`${lake}/`) ? location.slice(lake.length + 1) : location),
  ])
  await terminal.out(
    alignColumns(
      [['TABLE', 'DAY UTC', 'ROWS', 'SIZE', `FILE in ${lake}`], ...lines],
      [false, false, true, true],
    ),
  )
}
