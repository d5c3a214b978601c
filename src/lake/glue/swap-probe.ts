import { Fault, isFault } from '../../flow/fault.ts'
import type { Random } from '../../flow/random.ts'
import { uuid } from '../iceberg/names.ts'
import type { GlueRequests } from './requests.ts'
import { movedTableInput, newTableInput } from './table-input.ts'

/**
 * `atomic`: an update under an old version was refused. `overwrites`: it was done. The others say why
 * nothing was tried: no such database, or the identity may not make or drop a table.
 */
export type SwapProbe = 'atomic' | 'overwrites' | 'no database' | 'may not create' | 'may not drop'

export type SwapProbing = {
  readonly requests: GlueRequests
  readonly database: string
  readonly location: string
  readonly random: Random
}

/** Swaps a table of its own, which is then dropped. Faults: `unavailable` also where an answer was lost. */
export async function probeSwap(probing: SwapProbing): Promise<SwapProbe> {
  const { requests, database, random } = probing
  if (!(await requests.hasDatabase(database))) return 'no database'
  const name = `ticklake_probe_${uuid(random).replaceAll('-', '')}`
  const drop = () => requests.deleteTable({ namespace: database, name })
  // Before it is there, so that none is left that cannot be dropped.
  if (!(await allowed(drop))) return 'may not drop'
  if (!(await allowed(() => make(probing, name)))) return 'may not create'
  try {
    return await swapTwice(probing, name)
  } finally {
    await drop()
  }
}

async function make({ requests, database, location }: SwapProbing, name: string): Promise<void> {
  const input = newTableInput({ name, location: `${location}/${name}`, columns: [] }, 'a')
  const outcome = await requests.createTable(database, input)
  if (outcome !== 'done') throw inDoubt(name, outcome)
}

async function swapTwice(
  { requests, database }: SwapProbing,
  name: string,
): Promise<'atomic' | 'overwrites'> {
  const table = await requests.getTable({ namespace: database, name })
  if (table === null) throw inDoubt(name, 'gone')
  const version = table.VersionId ?? ''
  const update = (to: string) =>
    requests.updateTable(database, movedTableInput(table, { from: 'a', to }), version)
  const first = await update('b')
  if (first !== 'done') throw inDoubt(name, first)
  const second = await update('c')
  if (second === 'busy' || second === 'unknown') throw inDoubt(name, second)
  return second === 'stale' ? 'atomic' : 'overwrites'
}

const inDoubt = (name: string, outcome: string): Fault =>
  new Fault('unavailable', `Glue answered ${outcome} to the probe ${name}`, {
    remedy: 'Ask again in a moment.',
  })

async function allowed(act: () => Promise<unknown>): Promise<boolean> {
  try {
    await act()
    return true
  } catch (error) {
    if (isFault(error, 'invalid')) return false
    throw error
  }
}
