import { Fault } from '../../flow/fault.ts'
import { backoffMs } from '../../flow/retry.ts'
import {
  ATTEMPTS_MAX,
  BACKOFF,
  busy,
  removeDropped,
  removeQuietly,
  type Committing,
  type TableState,
} from './committing.ts'
import { stringifyJson } from './json.ts'
import type { Metadata } from './metadata-document.ts'
import type { NextMetadata } from './metadata.ts'
import { metadataName, uuid } from './names.ts'

export type MetadataChange = {
  /** The next document; null: there is nothing left to change. */
  readonly next: (base: Metadata, previous: string) => NextMetadata | null
}

/**
 * Changes the document alone: no snapshot is added. Resolves with the state in which nothing is left to change.
 * Throws `conflict` as `commit` does.
 */
export async function commitMetadata(
  io: Committing,
  base: TableState,
  { next }: MetadataChange,
): Promise<TableState> {
  let state = base
  for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
    const { pointer } = state
    const change = next(state.metadata, pointer.location)
    if (change === null) return state
    const name = metadataName(pointer.location, uuid(io.random))
    const location = await io.files.write(name, Buffer.from(stringifyJson(change.metadata)))
    // The commit point of a change of the document alone.
    const outcome = await io.catalog.swap(io.name, pointer, location)
    if (outcome === 'swapped') {
      await removeDropped(io, change.dropped)
      return { pointer: { location, token: null }, metadata: change.metadata }
    }
    state = await io.load()
    if (next(state.metadata, state.pointer.location) === null) return state
    if (outcome === 'unknown') throw outcomeUnknown(io)
    const logged = state.metadata['metadata-log'].some((one) => one['metadata-file'] === location)
    if (!logged && state.pointer.location !== location) await removeQuietly(io, [location])
    await io.clock.sleep(backoffMs(BACKOFF, attempt, io.random))
  }
  throw busy(io)
}

const outcomeUnknown = (io: Committing): Fault =>
  new Fault('conflict', `the outcome of a change of ${io.table.name} is unknown`, {
    remedy: 'Nothing to do: it is done again where it was not.',
  })
