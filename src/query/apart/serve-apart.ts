import { answering } from './child.ts'
import { plainFault, type Asked, type Told } from './messages.ts'
import { Fault, isFault } from '../../flow/fault.ts'
import type { Query } from '../query.ts'

/** How often the memory that this process takes is looked at, ms. */
const WATCH_MS = 50

/** Ends this process at once: threads of the engine may be in the middle of what no one can interrupt. */
const end = () => process.kill(process.pid, 'SIGKILL')

/**
 * Makes this process the other side of query/apart/apart.ts: it opens a query, answers, ends with its parent, and
 * ends itself when it takes more than `bytesMax` of memory.
 */
export async function serveApart(open: () => Promise<Query>, bytesMax: number): Promise<void> {
  const tell = (message: Told, then?: () => void) => {
    if (process.connected) process.send?.(message, undefined, undefined, then)
  }
  process.on('disconnect', end)
  process.on('SIGINT', () => undefined) // Ctrl-C is for the parent, which ends this process
  setInterval(() => {
    if (process.memoryUsage.rss() > bytesMax) tell({ kind: 'over memory', bytesMax }, end)
  }, WATCH_MS)
  try {
    const query = await open()
    const take = answering({ query, tell })
    process.on('message', (asked: Asked) => take(asked))
    tell({ kind: 'open', covers: query.covers })
  } catch (error) {
    const fault = isFault(error)
      ? error
      : new Fault('bug', String(error), { remedy: 'Report this.', cause: error })
    tell({ kind: 'not open', fault: plainFault(fault) })
  }
}
