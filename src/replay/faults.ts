import { Fault } from '../flow/fault.ts'
import { seededRandom } from '../flow/random.ts'
import { FAULT_KINDS, type Faults, type ReplayFault } from './replay.ts'

const BIG_BYTES = 20 * 1024 * 1024 // above what any feed sends and what a client should hold
const CHANCE = 0.001 // one frame in a thousand, where the list gives no chance

/**
 * Reads `drop=0.01,close,seed=7`: kinds with the chance of each per frame (0.001 where none is given)
 * and a seed (0 where none is given). Throws `invalid` for anything else.
 */
export function parseFaults(text: string): Faults {
  const chances: Partial<Record<ReplayFault, number>> = {}
  let seed = 0
  for (const item of text.split(',').map((part) => part.trim())) {
    if (item === '') continue
    const [name = '', value] = item.split('=', 2).map((part) => part.trim())
    const number = value === undefined ? CHANCE : Number(value)
    const kind = FAULT_KINDS.find((known) => known === name)
    if (name === 'seed' && Number.isSafeInteger(number) && value !== undefined) seed = number
    else if (kind !== undefined && number >= 0 && number <= 1) chances[kind] = number
    else
      throw new Fault('invalid', `--faults does not know "${item}"`, {
        remedy: `Give a list such as drop=0.01,close=0.001,seed=7; the kinds are ${FAULT_KINDS.join(', ')}; a chance is from 0 to 1.`,
      })
  }
  return { seed, chances }
}

/** Decides, frame by frame, which fault strikes; the same seed decides the same. */
export type Mischief = { next(): ReplayFault | null }

export function createMischief({ seed, chances }: Faults): Mischief {
  const random = seededRandom(seed)
  const kinds = FAULT_KINDS.filter((kind) => (chances[kind] ?? 0) > 0)
  return {
    next: () => {
      // one draw for each kind and frame, so that adding a kind leaves the others' places alone
      const struck = kinds.filter((kind) => random.next() < (chances[kind] ?? 0))
      return struck[0] ?? null
    },
  }
}

export const halfOf = (bytes: Uint8Array): Uint8Array =>
  bytes.subarray(0, Math.ceil(bytes.length / 2))

export const garbage = (): Uint8Array => Buffer.from('<html>\u0000 502 Bad Gateway {"type":"tra')

/** 20 MB that begin like a trade frame and never become one. */
export const bigFrame = (): Uint8Array => {
  const bytes = Buffer.alloc(BIG_BYTES, ' ')
  bytes.write('{"type":"trade","data":[')
  return bytes
}

/** The start of a WebSocket text frame that announces all of `bytes` and carries half of it. */
export function tornFrame(bytes: Uint8Array): Uint8Array {
  const header = Buffer.alloc(10)
  header[0] = 0x81 // final fragment, text
  header[1] = 127 // a 64-bit length follows
  header.writeBigUInt64BE(BigInt(bytes.length), 2)
  return Buffer.concat([header, halfOf(bytes)])
}
