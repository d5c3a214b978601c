import { planLive } from '../iceberg/plan.ts'
import type { PurgeNote } from '../lake.ts'
import { purgeNotes, symbolHash } from './purge-notes.ts'
import type { Purged } from './purge.ts'
import type { Tended } from './tended.ts'

/** What a table tells of a purge before it is looked through. */
export type Traces = {
  /** The table notes that some of it was purged already: a purge that was killed, or is run again. */
  readonly isNoted: boolean
  /** Whether there may be records that could not be read, which have no symbol. */
  readonly hasUnread: boolean
}

/** Reads the table's document and manifests alone. */
export async function purgeTraces(io: Tended, what: Purged): Promise<Traces> {
  const { metadata } = await io.load()
  const symbolId = io.table.fields.find(({ name }) => name === 'symbol')?.id
  const { data } = await planLive({ ...io, metadata })
  return {
    isNoted: purgeNotes(metadata).some((note) => tells(note, what)),
    hasUnread:
      symbolId !== undefined && data.some(({ file }) => file.nullCounts.get(symbolId) !== 0),
  }
}

function tells({ what: noted }: PurgeNote, what: Purged): boolean {
  if (what.kind === 'before') return noted.kind === 'before' && noted.beforeMs === what.beforeMs
  if (what.kind === 'symbols')
    return (
      noted.kind === 'symbols' && what.symbols.every((one) => noted.hashes.has(symbolHash(one)))
    )
  return noted.kind === 'all'
}
