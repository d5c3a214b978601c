import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openApartLake } from '../../../test/fixtures/apart-small-lake.ts'
import { ask } from '../../../test/fixtures/small-lake.ts'
import { isFault, type FaultKind } from '../../flow/fault.ts'

const NO_LIMITS = { rowsMax: null, millisMax: null }
const never = () => new AbortController().signal
const fault = (kind: FaultKind, message: RegExp) => (error: unknown) =>
  isFault(error, kind) && message.test(error.message) && error.remedy !== ''
/** One step of DuckDB, which nothing interrupts. */
const STUBBORN = "SELECT bitstring('1', 2_000_000_000)"
const ENDLESS = 'SELECT count(*) FROM range(100_000_000_000) t(i) WHERE i % 7 = 1'

test('values, faults and their place come through as they are', async () => {
  await using lake = await openApartLake()
  const { query } = lake
  const values = "SELECT 9007199254740993, 1.5, 'é', [1::BIGINT], {'a': NULL}, 'NaN'::DOUBLE"
  assert.deepEqual(await ask(query, values), [
    [9_007_199_254_740_993n, 1.5, 'é', [1n], { a: null }, NaN],
  ])
  const answer = await query.run('FROM trades', { ...NO_LIMITS, rowsMax: 60 }, never())
  assert.equal(answer.asOf.covers, 'lake and tail')
  assert.ok(answer.planned !== undefined && answer.planned.files > 0)
  const rows = (await Array.fromAsync(answer.batches)).flat()
  assert.equal(rows.length, 60)
  assert.equal(answer.truncated(), true)
  assert.deepEqual(await query.check?.('SELECT 1::BIGINT AS a'), [{ name: 'a', type: 'BIGINT' }])
  await assert.rejects(
    async () => await query.check?.("SELECT 'é', nothing FROM trades"),
    (error) => fault('invalid', /nothing/)(error) && isFault(error) && error.position === 12,
  )
})

test('an answer that is left, read or not, holds nothing back', async () => {
  await using lake = await openApartLake()
  for (const take of [0, 1]) {
    const stop = new AbortController()
    const answer = await lake.query.run('FROM range(100_000_000)', NO_LIMITS, stop.signal)
    const batches = answer.batches[Symbol.asyncIterator]()
    for (let i = 0; i < take; i++) await batches.next()
    stop.abort()
    await assert.rejects(async () => await batches.next(), fault('closed', /cancelled/))
  }
  assert.deepEqual(await ask(lake.query, 'SELECT 1'), [[1]])
  assert.equal(lake.starts(), 1)
})

test('a statement that cannot be stopped ends the process; others are told, and the next starts it anew', async () => {
  await using lake = await openApartLake(200)
  const { query } = lake
  const stop = new AbortController()
  const beside = assert.rejects(
    query.run(ENDLESS, NO_LIMITS, never()),
    fault('unavailable', /another statement/),
  )
  const stubborn = assert.rejects(
    query.run(STUBBORN, NO_LIMITS, stop.signal),
    fault('invalid', /could not be stopped/),
  )
  setTimeout(() => stop.abort(), 300)
  await stubborn
  await beside
  assert.deepEqual(await ask(query, 'SELECT count(*) FROM trades'), [[100n]])
  assert.equal(lake.starts(), 2)
})

test('a statement over its time that cannot be stopped ends the process too', async () => {
  await using lake = await openApartLake(200)
  const limits = { rowsMax: null, millisMax: 200 }
  await assert.rejects(
    lake.query.run(STUBBORN, limits, never()),
    fault('invalid', /could not be stopped/),
  )
  await assert.rejects(
    lake.query.run(ENDLESS, limits, never()),
    fault('invalid', /longer than 200 ms/),
  )
  assert.equal(lake.starts(), 2)
})

test('closing it ends its process, whatever runs there', async () => {
  const lake = await openApartLake()
  const running = assert.rejects(
    lake.query.run(ENDLESS, NO_LIMITS, never()),
    fault('closed', /closed/),
  )
  await lake[Symbol.asyncDispose]()
  await running
})
