import { parseDuration, showDuration } from '../flow/durations.ts'
import { Fault } from '../flow/fault.ts'
import type { Orphans } from '../lake/upkeep/orphans.ts'
import type { Command, Invocation } from './command.ts'
import { EXIT } from './exit.ts'
import { chosenTables, counted, TABLE_FLAG } from './tables.ts'
import { plain } from './terminal.ts'
import { showBytes, showSpan } from './times.ts'

/** A batch is committed within an hour or never: two leave room for clocks that differ. */
const AGE_MS_MIN = 7_200_000

export const command: Command = {
  text: {
    name: 'orphans',
    takes: '',
    summary: 'Remove files that no snapshot reaches: what crashes and lost commits left',
    examples: [
      ['ticklake orphans --dry-run', 'list them, with size and age'],
      ['ticklake orphans --older-than 1d', 'remove those older than a day'],
    ],
    about:
      'Only Parquet, manifests and metadata documents in the folders of the tables, and only those that are older\n' +
      'than --older-than: younger ones may belong to a commit under way, so let it be longer than any statement of any\n' +
      'engine that writes to the tables takes. `land` does this by itself (land.upkeep),\n' +
      'and it may run beside it.',
    flags: [
      TABLE_FLAG,
      { name: 'older-than', metavar: 'TIME', doc: 'At least 2h (land.orphan_age, 3d)' },
      { name: 'dry-run', doc: 'List what would go, remove nothing' },
    ],
    positionalsMax: 0,
  },
  run: async (invocation) => {
    const age = ageOf(invocation)
    chosenTables(invocation, []) // a wrong name is told before anything is opened
    const { partsOf } = await import('../config/components.ts')
    const { openUpkeep } = await import('../config/upkeep.ts')
    const { removeOrphans } = await import('../lake/upkeep/orphans.ts')
    const parts = partsOf(await invocation.settings(), { log: await invocation.log() })
    await using upkeep = await openUpkeep(parts)
    const olderThanMs = age ?? parts.loaded.settings['land.orphan_age']
    const dryRun = invocation.flags.has('dry-run')
    const all = { files: 0, bytes: 0 }
    for (const { name, lake } of chosenTables(invocation, upkeep.tables)) {
      const orphans = await removeOrphans(lake.tended(), { olderThanMs, dryRun })
      await list(invocation, orphans, { table: name, dryRun, nowMs: parts.clock.now() })
      all.files += orphans.files.length
      all.bytes += orphans.bytes
    }
    if (!invocation.json) invocation.terminal.err(sumText(all, { olderThanMs, dryRun }))
    return EXIT.ok
  },
}

function ageOf({ flags }: Invocation): number | null {
  const text = flags.get('older-than')
  if (text === undefined) return null
  const ms = parseDuration(text)
  if (ms !== null && ms >= AGE_MS_MIN) return ms
  throw new Fault('invalid', `--older-than takes a duration of 2h or more, not ${text}`, {
    remedy: 'Write 2h, 1d or 3d. Younger files may belong to a commit that is under way.',
  })
}

type Listing = { readonly table: string; readonly dryRun: boolean; readonly nowMs: number }

async function list(
  { terminal, json }: Invocation,
  { files }: Orphans,
  { table, dryRun, nowMs }: Listing,
): Promise<void> {
  if (json && files.length === 0)
    await terminal.out(`${JSON.stringify({ table, file: null, dry_run: dryRun })}\n`)
  for (const { key, size, modifiedMs } of files) {
    const ageMs = Math.max(0, nowMs - modifiedMs)
    const facts = {
      table,
      file: key,
      bytes: size,
      age_s: Math.round(ageMs / 1000),
      dry_run: dryRun,
    }
    await terminal.out(
      json
        ? `${JSON.stringify(facts)}\n`
        : `${showBytes(size).padStart(7)}  ${showSpan(ageMs).padStart(10)} old  ${plain(key)}\n`,
    )
  }
}

function sumText(
  { files, bytes }: { readonly files: number; readonly bytes: number },
  { olderThanMs, dryRun }: { readonly olderThanMs: number; readonly dryRun: boolean },
): string {
  if (files === 0) return `no orphans older than ${showDuration(olderThanMs)}\n`
  return `${counted(files, 'orphan')}, ${showBytes(bytes)}${dryRun ? ', would go' : ', removed'}\n`
}
