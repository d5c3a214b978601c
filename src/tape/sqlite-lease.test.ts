import assert from 'node:assert/strict'
import { once } from 'node:events'
import { rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { never } from '../../test/conformance/tape-samples.ts'
import { fault, temporaryFolder } from '../../test/conformance/tape-world.ts'
import { systemClock, type Clock } from '../flow/clock.ts'
import { sharedLease } from './shared-lease.ts'
import { sqliteLease } from './sqlite-lease.ts'

/** The wall clock stands still, so that only the stored epoch can make it grow. */
const still: Clock = { ...systemClock, now: () => 1_763_997_374_633 }
/** Sleeps end at once, so that the watch looks all the time. */
const hasty: Clock = { ...still, sleep: (_, signal) => systemClock.sleep(1, signal) }

const given = async (signal: AbortSignal) => {
  assert.ok(!signal.aborted)
}

test('one holds the lease, the next gets it when it is given back, and each epoch is greater', async () => {
  await using folder = await temporaryFolder()
  const take = sqliteLease({ dir: folder.dir, role: 'recorder', clock: still })
  const first = await take(never)
  const second = take(never)
  assert.equal(await Promise.race([second, systemClock.sleep(300)]), undefined)
  await given(first.lost)
  await first[Symbol.asyncDispose]()
  await using next = await second
  assert.ok(next.epoch > first.epoch)
})

test('of many who wait, one at a time holds it', async () => {
  await using folder = await temporaryFolder()
  const take = sqliteLease({ dir: folder.dir, role: 'lander', clock: hasty })
  let holders = 0
  const epochs: number[] = []
  const one = async () => {
    await using lease = await take(never)
    holders += 1
    assert.equal(holders, 1)
    epochs.push(lease.epoch)
    await systemClock.sleep(5)
    holders -= 1
  }
  await Promise.all(Array.from({ length: 6 }, one))
  assert.equal(new Set(epochs).size, 6)
  assert.deepEqual(
    epochs,
    epochs.toSorted((a, b) => a - b),
  )
})

test('the two roles do not exclude each other', async () => {
  await using folder = await temporaryFolder()
  await using recorder = await sqliteLease({ dir: folder.dir, role: 'recorder', clock: still })(
    never,
  )
  await using lander = await sqliteLease({ dir: folder.dir, role: 'lander', clock: still })(never)
  assert.ok(recorder.epoch > 0 && lander.epoch > 0)
})

test('whoever stops waiting is told so', async () => {
  await using folder = await temporaryFolder()
  const take = sqliteLease({ dir: folder.dir, role: 'recorder', clock: still })
  await using held = await take(never)
  await assert.rejects(take(AbortSignal.timeout(20)), fault('closed'))
  await assert.rejects(take(AbortSignal.abort()), fault('closed'))
  await given(held.lost)
})

test('a lease whose file was deleted is lost, and the next epoch is greater all the same', async () => {
  await using folder = await temporaryFolder()
  const take = sqliteLease({ dir: folder.dir, role: 'recorder', clock: hasty })
  await using held = await take(never)
  const lost = once(held.lost, 'abort')
  rmSync(join(folder.dir, 'recorder.lock'))
  await lost
  const later = sqliteLease({
    dir: folder.dir,
    role: 'recorder',
    clock: { ...hasty, now: () => 1_763_997_375_700 },
  })
  await using next = await later(never)
  assert.ok(next.epoch > held.epoch)
})

test('a lease whose file cannot even be looked at is lost too, and nothing crashes', async () => {
  await using folder = await temporaryFolder()
  const take = sqliteLease({ dir: folder.dir, role: 'recorder', clock: hasty })
  await using held = await take(never)
  const lost = once(held.lost, 'abort')
  rmSync(join(folder.dir, 'recorder.lock'))
  symlinkSync('recorder.lock', join(folder.dir, 'recorder.lock')) // a name that leads to itself
  await lost
})

test('a file that is no lease is refused', async () => {
  await using folder = await temporaryFolder()
  writeFileSync(join(folder.dir, 'recorder.lock'), 'not SQLite, whatever it is '.repeat(50))
  const take = sqliteLease({ dir: folder.dir, role: 'recorder', clock: still })
  await assert.rejects(take(never), fault('invalid', /recorder\.lock is not an SQLite file/))
})

test('a shared lease is taken once, given back by the last user, and can then be taken again', async () => {
  await using folder = await temporaryFolder()
  const outside = sqliteLease({ dir: folder.dir, role: 'lander', clock: hasty })
  const take = sharedLease(outside)
  const [one, two] = await Promise.all([take(never), take(never)])
  assert.equal(one.epoch, two.epoch)
  await one[Symbol.asyncDispose]()
  await one[Symbol.asyncDispose]()
  await assert.rejects(outside(AbortSignal.timeout(50)), fault('closed'))
  await two[Symbol.asyncDispose]()
  await using again = await take(never)
  assert.ok(again.epoch > one.epoch)
})

test('a user of a shared lease may stop waiting while another waits on', async () => {
  await using folder = await temporaryFolder()
  const outside = sqliteLease({ dir: folder.dir, role: 'lander', clock: hasty })
  const held = await outside(never)
  const take = sharedLease(outside)
  const patient = take(never)
  await assert.rejects(take(AbortSignal.timeout(20)), fault('closed'))
  await held[Symbol.asyncDispose]()
  await using lease = await patient
  assert.ok(lease.epoch > held.epoch)
})
