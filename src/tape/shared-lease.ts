import { unlessAborted } from '../flow/aborted.ts'
import { Fault } from '../flow/fault.ts'
import type { Lease, TakeLease } from './tape.ts'

type Held = { users: number; readonly lease: Promise<Lease>; readonly giveUp: AbortController }

/**
 * One lease for several users in this process, as the two logs of a tape that one lander reads: taken for
 * the first, given back after the last. Each user disposes its own share.
 */
export function sharedLease(take: TakeLease): TakeLease {
  let held: Held | null = null
  const begin = (): Held => {
    const giveUp = new AbortController()
    const lease = take(giveUp.signal)
    lease.catch(() => undefined) // each user meets it
    return { users: 0, lease, giveUp }
  }
  const leave = async (mine: Held) => {
    mine.users -= 1
    if (mine.users > 0) return
    if (held === mine) held = null
    mine.giveUp.abort()
    const lease = await mine.lease.catch(() => null)
    await lease?.[Symbol.asyncDispose]()
  }
  return async (signal) => {
    const mine = (held ??= begin())
    mine.users += 1
    try {
      const { epoch, lost, holds } = await unlessAborted(mine.lease, signal, noLonger)
      const forget = () => (held = held === mine ? null : held)
      if (lost.aborted) forget()
      else lost.addEventListener('abort', forget, { once: true })
      let left = false
      return {
        epoch,
        lost,
        holds,
        [Symbol.asyncDispose]: async () => {
          if (left) return
          left = true
          await leave(mine)
        },
      }
    } catch (error) {
      await leave(mine)
      throw error
    }
  }
}

export const noLonger = (): Fault =>
  new Fault('closed', 'the wait for the lease was given up', {
    remedy: 'Ask for it again to go on.',
  })
