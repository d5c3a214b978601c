import { kafkaLease } from '../../src/tape/kafka-lease.ts'
import { clusterAt } from '../../stack/meeting.ts'

/**
 * A process that waits for the lease of a topic and then asks, every few milliseconds, whether it holds it. Each
 * change is a line: what it is now, and the machine's monotonic clock in ms, which all processes share.
 *
 *     node kafka-lease-holder.ts BOOTSTRAP TOPIC
 */
export type Said = {
  readonly is: 'held' | 'lost' | 'woken'
  readonly at: number
  readonly epoch: number
  /** Of a process that was stopped: what it held to be true when it woke, before anything else was done. */
  readonly holds: boolean
}

const LOOK_MS = 10
const STOPPED_MS = 1_000

/** Of the machine, not of the process. */
export const machineMs = (): number => Number(process.hrtime.bigint() / 1_000n) / 1_000

async function main(bootstrap: string, topic: string): Promise<void> {
  const take = kafkaLease({ ...clusterAt(bootstrap), topic })
  await using lease = await take(new AbortController().signal)
  const { epoch } = lease
  const say = (is: Said['is'], holds: boolean) => {
    const said: Said = { is, at: machineMs(), epoch, holds }
    process.stdout.write(`${JSON.stringify(said)}\n`)
  }
  let before = machineMs()
  say('held', lease.holds())
  await new Promise<void>((resolve) => {
    const timer = setInterval(() => {
      const holds = lease.holds()
      const now = machineMs()
      if (now - before > STOPPED_MS) say('woken', holds)
      before = now
      if (holds) return
      say('lost', false)
      clearInterval(timer)
      resolve()
    }, LOOK_MS)
  })
}

const [, script = '', bootstrap = '', topic = ''] = process.argv
if (script === import.meta.filename) await main(bootstrap, topic)
