import assert from 'node:assert/strict'
import { test } from 'node:test'
import { rowsOf } from '../test/simulation/rolls.ts'
import { Fault } from './flow/fault.ts'
import { systemClock as clock } from './flow/clock.ts'
import type { Lake, Rolled } from './lake/lake.ts'
import { createRoll } from './lake/roll.ts'
import type { Run } from './market/records.ts'
import { land } from './pipeline.ts'
import type { Log } from './tape/tape.ts'

const conflict = () => new Fault('conflict', 'somebody was faster', { remedy: 'The next turn.' })

/** A tape that gives some records in each of two turns, then is quiet. */
function quietLog(records: number): Log {
  async function* turn(): AsyncGenerator<Run> {
    for (let first = 0; first < records; first++)
      yield rowsOf({ partition: 0, first, next: first + 1 }).run
    await new Promise(() => undefined)
  }
  return {
    ...({} as Log),
    turns: async function* turns() {
      for (let i = 0; i < 2; i++) yield turn()
    },
  }
}

function landing(
  records: number,
  commit: () => Promise<void>,
  beforeStage: () => void = () => undefined,
) {
  const staged: number[] = []
  const told: string[] = []
  const lake = {
    positions: async () => new Map(),
    stage: async ({ rows, stretches }: Rolled) => {
      beforeStage()
      staged.push(rows)
      return { files: [], rows, stretches, stagedAt: { nowMs: 0, monotonicMs: 0 } }
    },
    commit,
  }
  const running = land({
    log: quietLog(records),
    lake: lake as unknown as Lake,
    group: 'landers',
    decode: ({ partition, first, next }) => rowsOf({ partition, first, next }),
    roll: createRoll({ rowsMax: 1, bytesMax: Infinity, ageMsMax: 3_600_000, clock }),
    endOfTurn: async ({ message }) => void told.push(message),
    signal: new AbortController().signal,
  })
  return { running, staged, told }
}

test('a refused commit ends its turn and the next begins, although the tape is quiet', async () => {
  const { running, told } = landing(1, async () => {
    throw conflict()
  })
  await running
  assert.deepEqual(told, ['somebody was faster', 'somebody was faster'])
})

test('what cannot be staged ends its turn and the next begins, although the tape is quiet', async () => {
  const full = new Fault('unavailable', 'the disk is full', { remedy: 'Free space.' })
  const { running, told } = landing(
    1,
    async () => undefined,
    () => {
      throw full
    },
  )
  await running
  assert.deepEqual(told, ['the disk is full', 'the disk is full'])
})

test('the next batch is staged while one commits', async () => {
  let together = 0
  const { running, staged } = landing(2, async () => {
    while (staged.length % 2 !== 0) await clock.sleep(1)
    together = staged.length
    throw conflict()
  })
  await running
  assert.equal(together, 4)
})
