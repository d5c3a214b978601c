import { AGAIN } from '../aws-fault.ts'
import { Fault } from '../../flow/fault.ts'
import type { Random } from '../../flow/random.ts'
import { uuid } from '../iceberg/names.ts'
import { createInParts, type LargeObject } from './large-object.ts'
import type { Created } from './requests.ts'

/** Where probes lie, below the lake's root. */
const FOLDER = '.probe'
// A store that looks and then writes lets several of many through; two would often miss each other.
const RACERS = 4
const BODY = new TextEncoder().encode('ticklake asks whether of two creators one is refused')

export type Probing = LargeObject & {
  readonly bucket: string
  readonly prefix: string
  readonly random: Random
}

/**
 * Creates small objects twice, at once and in parts, and removes them. Throws `invalid` unless exactly one
 * creator of each was told that it made it: on such a store two landers would overwrite each other.
 */
export async function checkAtomicCreate(probing: Probing): Promise<void> {
  // Anew with other names each time: what was created by a request that was not answered proves nothing.
  await probing.again(async () => {
    const { requests, again, prefix, random } = probing
    const folder = prefix === '' ? FOLDER : `${prefix}/${FOLDER}`
    const twice = `${folder}/${uuid(random)}`
    const raced = `${folder}/${uuid(random)}`
    const remove = () => again(() => requests.remove([twice, raced]))
    try {
      await probe(probing, { twice, raced })
    } catch (error) {
      await remove().catch(() => undefined) // what failed first is what counts
      throw error
    }
    await remove()
  })
}

async function probe(
  probing: Probing,
  { twice, raced }: { readonly twice: string; readonly raced: string },
): Promise<void> {
  const { requests, bucket } = probing
  const first = await requests.put(twice, BODY)
  const second = await requests.put(twice, BODY)
  const source = { size: BODY.length, read: async () => BODY }
  const large = await createInParts(twice, source, probing)
  const race = await Promise.all(Array.from({ length: RACERS }, () => requests.put(raced, BODY)))
  const winners = race.filter((outcome) => outcome === 'created').length
  if (first === 'created' && second === 'exists' && large === 'exists' && winners === 1) return
  throw notAtomic(bucket, [first, second, large, ...race])
}

function notAtomic(bucket: string, answers: readonly Created[]): Fault {
  const told = answers.join(', ')
  if (answers.includes('conflict'))
    return new Fault('unavailable', `creators of one object in ${bucket} were told ${told}`, {
      remedy: `The store was busy with it. ${AGAIN}`,
    })
  return new Fault(
    'invalid',
    `this store has no atomic create: creators of one object in ${bucket} were told ${told}`,
    {
      remedy:
        'It ignores If-None-Match, so landers could overwrite each other: use AWS S3, a newer release of this store, or another one.',
    },
  )
}
