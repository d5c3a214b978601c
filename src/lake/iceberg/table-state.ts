import { Fault, isFault } from '../../flow/fault.ts'
import { retry } from '../../flow/retry.ts'
import type { Pointer } from '../catalog.ts'
import type { Committing, TableState } from './committing.ts'
import { parseMetadata, type Metadata } from './metadata-document.ts'
import { firstMetadata } from './metadata.ts'
import { metadataName, uuid } from './names.ts'
import { stringifyJson } from './json.ts'

const TRIES = { triesMax: 4, baseMs: 50, capMs: 1_000 } as const
// A reader may meet a document that was removed because a hundred newer ones came; each time it asks again.
const CHASES_MAX = 5

export type Loading = Pick<
  Committing,
  'table' | 'name' | 'catalog' | 'files' | 'clock' | 'random'
> & {
  /** Throws where the document is not one that may be used here. */
  readonly check: (metadata: Metadata) => void
  /** In write mode the table must stay the one it was; a reader follows one that was made anew. */
  readonly mode: 'write' | 'read'
}

/** The current state, from memory while the pointer stays the same; null: there is no such table. */
export type LoadTable = () => Promise<TableState | null>

export function tableLoader({ mode, check, catalog, name, files, clock, random }: Loading): {
  readonly load: LoadTable
  /** Takes a state that was just committed, and answers it. */
  readonly remember: (state: TableState) => void
  readonly remembered: () => TableState | null
} {
  let kept: TableState | null = null
  const again = <T>(act: () => Promise<T>) => retry(act, { ...TRIES, clock, random })
  const follow = async (pointer: Pointer): Promise<TableState> => {
    if (kept?.pointer.location === pointer.location) return { pointer, metadata: kept.metadata }
    const bytes = await files.read(pointer.location)
    const metadata = parseMetadata(Buffer.from(bytes).toString(), pointer.location)
    if (mode === 'write' && kept !== null) checkSame(kept.metadata, metadata)
    check(metadata)
    return { pointer, metadata }
  }
  const load: LoadTable = async () => {
    for (let chase = 0; ; chase++) {
      const pointer = await again(() => catalog.load(name))
      if (pointer === null) {
        if (mode === 'write' && kept !== null) throw gone(`${name.namespace}.${name.name}`)
        return null
      }
      try {
        kept = await follow(pointer)
        return kept
      } catch (error) {
        const moved = (await again(() => catalog.load(name)))?.location !== pointer.location
        if (!isFault(error, 'invalid') || !moved || chase >= CHASES_MAX) throw error
      }
    }
  }
  return { load, remember: (state) => (kept = state), remembered: () => kept }
}

/** Makes the table where it is not; another creator who was faster is as good. */
export async function createTable(
  { table, name, catalog, files, clock, random }: Omit<Loading, 'check' | 'mode'>,
  properties: Readonly<Record<string, string>>,
): Promise<void> {
  const id = uuid(random)
  const metadata = firstMetadata({
    table,
    location: files.location,
    uuid: id,
    nowMs: clock.now(),
    properties,
  })
  const location = await files.write(
    metadataName(null, uuid(random)),
    Buffer.from(stringifyJson(metadata)),
  )
  const outcome = await catalog.swap(name, null, location)
  if (outcome === 'unknown' && (await catalog.load(name)) === null)
    throw new Fault('unavailable', `table ${name.namespace}.${name.name} could not be created`, {
      remedy: 'The catalog gave no answer: it is tried again.',
    })
}

const checkSame = (before: Metadata, now: Metadata): void => {
  if (before['table-uuid'] !== now['table-uuid']) throw gone(now.location)
}

const gone = (what: string): Fault =>
  new Fault('corrupt', `table ${what} was dropped, or made anew, while it was being written`, {
    remedy: 'Start ticklake again: it then lands the tape into the table that is there.',
  })
