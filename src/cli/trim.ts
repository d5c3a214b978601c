import type { Landed, Parts } from '../config/components.ts'
import { isFault } from '../flow/fault.ts'
import { offset, type Offset, type Partition } from '../market/records.ts'
import { firstAtOrAfter } from '../serve/seek.ts'

const EVERY_MS = 3_600_000
/** The first trim waits this long, so that a start is not slowed by it. */
const FIRST_MS = 60_000

/**
 * Hourly: forgets what both lies below the last landed record and is older than the tape's retention; but not
 * in a topic, which others may read and whose own retention.ms says how long.
 */
export async function trimLoop(
  parts: Parts,
  landed: readonly Landed[],
  signal: AbortSignal,
): Promise<void> {
  const { clock, log, places } = parts
  if (places.tape.kind !== 'sqlite') return
  await clock.sleep(FIRST_MS, signal)
  while (!signal.aborted) {
    try {
      for (const one of landed) await trimLanded(parts, one, signal)
    } catch (error) {
      // What only grows is no reason to stop landing; a tape that cannot be read stops that by itself.
      if (!isFault(error)) throw error
      const passes = error.kind === 'unavailable' || error.kind === 'closed'
      log(passes ? 'warn' : 'error', `the tape was not trimmed: ${error.message}`)
    }
    await clock.sleep(EVERY_MS, signal)
  }
}

async function trimLanded(
  { clock, log, loaded }: Parts,
  landed: Landed,
  signal: AbortSignal,
): Promise<void> {
  const keptFrom = clock.now() - loaded.settings['land.tape_retention']
  const bounds = await landed.log.bounds()
  const positions = await landed.lake.positions([...bounds.keys()])
  const before = new Map<Partition, Offset>()
  for (const [partition, { earliest, end }] of bounds) {
    const position = positions.get(partition)
    if (position === undefined) continue
    // The last landed record stays: the next start tells by it whether this is the tape that landed.
    const landedEnd = offset(Math.min(position.last?.offset ?? position.next, end))
    const bound = await firstAtOrAfter(landed.log, {
      partition,
      keptFrom,
      signal,
      bounds: { earliest, end: landedEnd },
    })
    if (bound > earliest) before.set(partition, bound)
  }
  if (before.size === 0 || signal.aborted) return
  await landed.log.trim(before)
  log('info', 'trimmed the tape', { table: landed.name, before: [...before.values()].join(',') })
}
