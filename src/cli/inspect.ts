import { Fault } from '../flow/fault.ts'
import type { LakeContents, TableName } from '../serve/lake-contents.ts'
import type { LakeSources } from '../serve/sources.ts'
import { choice } from './args.ts'
import { noTableText } from './ask.ts'
import type { Command, Invocation } from './command.ts'
import { bySettings, EXIT } from './exit.ts'
import { daysText, fileText, filesText, snapshotsText } from './inspect-text.ts'
import { plain } from './terminal.ts'
import { TABLE_NAMES } from './tables.ts'

/** As `compact --day` has it, and as the API has it. */
const NO_TIME = ['no-time', 'none'] as const
const DAY = /^\d{4}-\d{2}-\d{2}$/
/** Of files that one name may mean, as many are named. */
const NAMED_MAX = 5

export const command: Command = {
  text: {
    name: 'inspect',
    takes: '[DAY|FILE]',
    summary: 'What is in the lake: days, files, one file’s columns, snapshots',
    examples: [
      ['ticklake inspect', 'the days of records (UTC), and what is small in them'],
      ['ticklake inspect 2026-11-20', 'the files of a day; no-time: of rows without a time'],
      ['ticklake inspect 0d1f2a3b4c5d6e7f', 'one file: row groups, columns, least and greatest'],
      ['ticklake inspect --snapshots --json', 'what each commit changed, for programs'],
    ],
    about:
      'Days and files come from the newest snapshot’s manifests; of a file only its end is read. A FILE is an id\n' +
      'or a name as they are listed, or the end of one. --json writes what the API answers at /api/lake.',
    flags: [
      {
        name: 'table',
        metavar: 'NAME',
        doc: 'records or feed_log; records, unless it is named. A FILE is looked for in both',
      },
      { name: 'snapshots', doc: 'The snapshots that are kept, instead of days' },
    ],
    positionalsMax: 1,
  },
  run: async (invocation) => {
    const { flags, positionals, json, terminal } = invocation
    const named = choice(flags, 'table', TABLE_NAMES)
    const [what] = positionals
    if (what !== undefined && flags.has('snapshots'))
      throw new Fault('invalid', '--snapshots takes no day and no file', {
        remedy: 'Leave either out.',
      })
    const { lakeContents } = await import('../serve/lake-contents.ts')
    await using lakes = await bySettings(() => openLakes(invocation))
    const contents = lakeContents(async () => lakes)
    const { answer, text } = await asked(contents, { named, what, flags })
    await terminal.out(json ? `${JSON.stringify(answer)}\n` : text)
    return EXIT.ok
  },
}

type Shown = { readonly answer: object; readonly text: string }
type Asked = Pick<Invocation, 'flags'> & {
  readonly named: TableName | null
  readonly what: string | undefined
}

async function asked(contents: LakeContents, { named, what, flags }: Asked): Promise<Shown> {
  const table = named ?? 'records'
  if (flags.has('snapshots')) {
    const answer = await contents.snapshots(table)
    return { answer, text: snapshotsText(answer) }
  }
  if (what === undefined) {
    const answer = await contents.summary(table)
    return { answer, text: daysText(answer) }
  }
  const day = NO_TIME.some((word) => word === what) ? 'none' : what
  if (day === 'none' || DAY.test(day)) {
    const answer = await contents.files(table, day)
    return { answer, text: filesText(answer) }
  }
  const found = await fileNamed(contents, named === null ? TABLE_NAMES : [named], what)
  const answer = await contents.file(found.table, found.id)
  return { answer, text: fileText(answer) }
}

/** The one file that is meant. Faults: `invalid` where none is, or several are. */
async function fileNamed(
  contents: LakeContents,
  tables: readonly TableName[],
  text: string,
): Promise<{ readonly table: TableName; readonly id: string }> {
  const found: { readonly table: TableName; readonly id: string }[] = []
  for (const table of tables)
    for (const id of await contents.find(table, text)) found.push({ table, id })
  const [first, ...others] = found
  if (first === undefined)
    throw new Fault('invalid', `no data file of ${tables.join(' or ')} is ${plain(text)}`, {
      remedy:
        'List the files of a day: ticklake inspect 2026-11-20. Compaction may have written it anew.',
    })
  if (others.length === 0) return first
  const ids = found.slice(0, NAMED_MAX).map(({ id }) => id)
  throw new Fault('invalid', `${found.length} data files are ${plain(text)}`, {
    remedy: `Name one by its id: ${ids.join(', ')}${found.length > NAMED_MAX ? ', …' : ''}.`,
  })
}

/** What the page's server opens; without a lake, what is said where there is none. */
async function openLakes(invocation: Invocation): Promise<LakeSources & AsyncDisposable> {
  const { openLakesToRead } = await import('../config/components.ts')
  const { namesLake, openTapeToRead, partsToAsk } = await import('../config/tapes.ts')
  const { catalogText, lakeText } = await import('../config/lake-places.ts')
  const parts = partsToAsk(await invocation.settings())
  await using opening = new AsyncDisposableStack()
  const lakes = opening.use(await openLakesToRead(parts, null))
  if ((await lakes.binding()) === null) {
    if (namesLake(parts)) invocation.terminal.err(await noTableText(parts))
    // In a folder without a lake there may be no tape either: that is the better word then.
    else await (await openTapeToRead(parts))[Symbol.asyncDispose]()
  }
  const { records, feedLog, store } = lakes
  const where = { location: lakeText(parts.places), catalog: catalogText(parts.places) }
  const closing = opening.move()
  return { records, feedLog, store, ...where, [Symbol.asyncDispose]: () => closing.disposeAsync() }
}
