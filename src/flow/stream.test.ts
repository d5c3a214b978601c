import assert from 'node:assert/strict'
import { setImmediate as turnOfLoop } from 'node:timers/promises'
import { test } from 'node:test'
import { ahead, breaker, each, from } from './stream.ts'

async function* counted(count: number, taken: number[]): AsyncGenerator<number> {
  for (let i = 0; i < count; i++) {
    taken.push(i)
    yield i
  }
}

test('a stage ahead has the next item under way while its reader works on one', async () => {
  const taken: number[] = []
  const seen: number[][] = []
  const look = async () => {
    await turnOfLoop()
    seen.push([...taken])
  }
  await from(counted(4, taken)).through(ahead(1)).into(each(look))
  assert.deepEqual(seen, [
    [0, 1],
    [0, 1, 2],
    [0, 1, 2, 3],
    [0, 1, 2, 3],
  ])
})

test('what fails ahead is met after the items before it', async () => {
  const seen: number[] = []
  const failing = async function* failing() {
    yield 1
    throw new Error('after one')
  }
  const flow = from(failing())
    .through(ahead(2))
    .into(each((item) => void seen.push(item)))
  await assert.rejects(flow, /after one/)
  assert.deepEqual(seen, [1])
})

test('a sink that fails ends a source that has nothing more to give', async () => {
  const quiet = async function* quiet() {
    yield 1
    await new Promise(() => undefined)
  }
  const { stage, guard } = breaker<number>()
  const flow = from(quiet())
    .through(stage)
    .through(ahead(1))
    .into(
      each(
        guard(async () => {
          await turnOfLoop()
          throw new Error('refused')
        }),
      ),
    )
  await assert.rejects(flow, /refused/)
})

test('a stream that nobody breaks passes unchanged and returns its source', async () => {
  const seen: number[] = []
  let returned = false
  const source = async function* source() {
    try {
      yield* [1, 2, 3]
    } finally {
      returned = true
    }
  }
  const { stage, guard } = breaker<number>()
  const keep = guard(async (item: number) => void seen.push(item))
  await from(source()).through(stage).through(ahead(1)).into(each(keep))
  assert.deepEqual([seen, returned], [[1, 2, 3], true])
})
