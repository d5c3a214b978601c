import { randomUUID } from 'node:crypto'
import type { Clock } from '../../flow/clock.ts'
import { Fault } from '../../flow/fault.ts'
import type { Random } from '../../flow/random.ts'
import { backoffMs, retry } from '../../flow/retry.ts'
import type { Tell } from '../progress.ts'
import type { AthenaApi, Execution } from './api.ts'
import { costUsd } from './cost.ts'
import { endingFault } from './faults.ts'

/** Between looks at a running query; most of ours take one to three seconds. */
const LOOKS = { baseMs: 100, capMs: 1000 }
/** A look that AWS throttles is taken again, in the SDK and then here; the query runs on meanwhile. */
const LOOK_TRIES_MAX = 5
/** Athena takes a moment to stop, and counts what was read until then. */
const STOP_MS_MAX = 3000

export type ExecutionOptions = {
  readonly api: AthenaApi
  readonly database: string
  readonly workgroup: string
  /** US$ a TB that is read. */
  readonly priceUsd: number
  readonly clock: Clock
  readonly random: Random
  /** Told at each look at a running query, and once when it has ended. */
  readonly tell?: Tell
}

/** A statement that succeeded. */
export type Executed = {
  readonly id: string
  readonly sql: string
  readonly execution: Execution
}

/**
 * Runs one statement to its end, whatever it is. Aborting stops it at AWS first; so does a look that fails
 * for good, lest it run on unseen. Faults: `closed` when aborted, else as endingFault and callFault have them.
 */
export async function execute(
  options: ExecutionOptions,
  sql: string,
  signal: AbortSignal,
): Promise<Executed> {
  const { api, database, workgroup } = options
  const told = teller(options)
  if (signal.aborted) throw stopped()
  // Not aborted: what may have been started must be known, to be stopped.
  const id = await api.start({ sql, database, workgroup, token: randomUUID() })
  let execution: Execution
  try {
    execution = await untilEnded(options, { id, told, signal })
  } catch (error) {
    const last = await stopExecution(options, id)
    if (last !== null) told(last, true)
    throw signal.aborted ? stopped(error) : error
  }
  told(execution, true)
  if (execution.failing !== null) throw endingFault(execution.failing)
  return { id, sql, execution }
}

type Told = (execution: Execution, ended: boolean) => void

function teller({ clock, priceUsd, tell }: ExecutionOptions): Told {
  const begunMs = clock.monotonic()
  return (execution, ended) =>
    tell?.({
      state: execution.state,
      scannedBytes: execution.scannedBytes,
      millis: clock.monotonic() - begunMs,
      splits: null,
      cost: costUsd(execution, priceUsd),
      ended,
    })
}

const isEnded = ({ state, failing }: Execution): boolean =>
  state === 'SUCCEEDED' || failing !== null

async function untilEnded(
  { api, clock, random }: ExecutionOptions,
  { id, told, signal }: { id: string; told: Told; signal: AbortSignal },
): Promise<Execution> {
  const tries = { ...LOOKS, triesMax: LOOK_TRIES_MAX, clock, random, signal }
  for (let attempt = 0; ; attempt++) {
    if (signal.aborted) throw stopped()
    const execution = await retry(() => api.look(id, signal), tries)
    if (isEnded(execution)) return execution
    told(execution, false)
    await clock.sleep(backoffMs(LOOKS, attempt, random), signal)
  }
}

/** Stops an execution and gives its last state, as far as AWS says so in time; null: it does not. */
async function stopExecution(
  { api, clock, random }: ExecutionOptions,
  id: string,
): Promise<Execution | null> {
  const signal = AbortSignal.timeout(STOP_MS_MAX)
  let last: Execution | null = null
  try {
    await api.stop(id)
    for (let attempt = 0; !signal.aborted; attempt++) {
      last = await api.look(id, signal)
      if (isEnded(last)) return last
      await clock.sleep(backoffMs(LOOKS, attempt, random), signal)
    }
  } catch {
    // what kept us from looking keeps us from stopping: the query ends by its own limits
  }
  return last
}

/** The caller stopped it. */
export const stopped = (cause?: unknown): Fault =>
  new Fault('closed', 'the query was stopped', { remedy: 'Ask again.', cause })
