import type { Parts } from '../config/components.ts'
import type { Tape } from '../tape/tape.ts'
import type { Outcome } from './outcome.ts'
import { showCount } from './times.ts'

/** What is on a tape, whose it is, and the promise that holds for it. */
export async function heldBy({ places }: Parts, tape: Tape, promise: string): Promise<Outcome> {
  const bounds = [...(await tape.trades.bounds()).values()]
  const held = bounds.reduce((sum, { earliest, end }) => sum + end - earliest, 0)
  const source = await tape.source()
  const says = `${showCount(held)} records of ${source ?? 'no source yet'}`
  if (source === null || source === places.source)
    return { word: 'ok', says: `${says}; ${promise}` }
  const another = places.tape.kind === 'sqlite' ? 'another --data' : 'another topic'
  return {
    word: 'warn',
    says: `${says}; these settings would record ${places.source}`,
    remedy: `Asking works. To record on, name the feed of ${source}; for another, ${another}.`,
  }
}
