import { Fault } from '../flow/fault.ts'
import type { Expired } from '../lake/upkeep/expire.ts'
import { wholeNumber } from './args.ts'
import type { Command, Invocation } from './command.ts'
import { EXIT } from './exit.ts'
import { chosenTables, counted, TABLE_FLAG } from './tables.ts'

export const command: Command = {
  text: {
    name: 'expire',
    takes: '',
    summary: 'Let go of old snapshots, and of the files that only they have',
    examples: [
      ['ticklake expire', 'all but the newest 360 snapshots, or as land.snapshots_kept says'],
      ['ticklake expire --keep 10 --dry-run', 'say what would go'],
    ],
    about:
      'A snapshot is the table as of one commit; time travel ends at the oldest that is kept. What branches and\n' +
      'tags point at stays. `land` does this by itself (land.upkeep), and it may run beside it. Data files\n' +
      'that were replaced less than an hour ago stay for queries under way, and go as orphans.',
    flags: [
      TABLE_FLAG,
      { name: 'keep', metavar: 'N', doc: 'The newest snapshots that stay (land.snapshots_kept)' },
      { name: 'dry-run', doc: 'Say what would go, change nothing' },
    ],
    positionalsMax: 0,
  },
  run: async (invocation) => {
    const keep = keepOf(invocation)
    chosenTables(invocation, []) // a wrong name is told before anything is opened
    const { partsOf } = await import('../config/components.ts')
    const { openUpkeep } = await import('../config/upkeep.ts')
    const { expireSnapshots } = await import('../lake/upkeep/expire.ts')
    const parts = partsOf(await invocation.settings(), { log: await invocation.log() })
    await using upkeep = await openUpkeep(parts)
    const dryRun = invocation.flags.has('dry-run')
    const how = { keep: keep ?? parts.loaded.settings['land.snapshots_kept'], dryRun }
    let snapshots = 0
    for (const { name, lake } of chosenTables(invocation, upkeep.tables)) {
      const expired = await expireSnapshots(lake.tended(), how)
      snapshots += expired.snapshots
      if (invocation.json || expired.snapshots > 0)
        await tell(invocation, name, { expired, dryRun })
    }
    if (snapshots === 0 && !invocation.json)
      invocation.terminal.err(
        `nothing to expire beyond the newest ${counted(how.keep, 'snapshot')}\n`,
      )
    return EXIT.ok
  },
}

function keepOf({ flags }: Invocation): number | null {
  const keep = wholeNumber(flags, 'keep')
  if (keep !== 0) return keep
  throw new Fault('invalid', '--keep takes 1 or more', {
    remedy: 'The newest snapshot always stays. To be rid of rows, see ticklake purge --help.',
  })
}

type Told = { readonly expired: Expired; readonly dryRun: boolean }

async function tell(
  { terminal, json }: Invocation,
  table: string,
  { expired, dryRun }: Told,
): Promise<void> {
  const { snapshots, dataFiles, deleteFiles, metadataFiles } = expired
  const files = dataFiles.length + deleteFiles.length
  if (json)
    return await terminal.out(
      `${JSON.stringify({
        table,
        dry_run: dryRun,
        snapshots,
        data_files: dataFiles.length,
        delete_files: deleteFiles.length,
        metadata_files: metadataFiles.length,
      })}\n`,
    )
  const would = dryRun ? 'would go' : 'gone'
  await terminal.out(
    `${table.padEnd(8)}  ${counted(snapshots, 'snapshot')}, ${counted(files, 'data file')}, ` +
      `${counted(metadataFiles.length, 'metadata file')} ${would}\n`,
  )
}
