import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { isFault } from '../../flow/fault.ts'
import {
  logId,
  offset,
  partition,
  type Partition,
  type Position,
  type Positions,
} from '../../market/records.ts'
import { RECORDS } from '../../market/tables.ts'
import type { Metadata } from './metadata-document.ts'
import { firstMetadata, nextMetadata } from './metadata.ts'
import {
  checkTape,
  decodePositions,
  encodePositions,
  positionsKey,
  tablePositions,
} from './positions.ts'
import { nextSnapshot } from './snapshot.ts'

const LOG = logId('tape-a')
const KEY = positionsKey(LOG)

const at = (next: number): Positions =>
  new Map<Partition, Position>([
    [partition(0), { next: offset(next), last: { offset: offset(next - 1), crc: 17 } }],
  ])

const empty = (): Metadata =>
  firstMetadata({ table: RECORDS, location: 'memory://t', uuid: 'u', nowMs: 1_000, properties: {} })

/** `base` after a commit; `says` is what its snapshot and its property say of the log, null: nothing. */
function after(base: Metadata, id: number, says: string | null): Metadata {
  const positions = says === null ? {} : { [KEY]: says }
  const snapshot = nextSnapshot(base, {
    operation: 'append',
    snapshotId: id,
    manifestList: `memory://t/${id}`,
    added: [],
    nowMs: 2_000,
    positions,
  })
  return nextMetadata(base, { previous: 'x', snapshot, properties: positions, nowMs: 2_000 })
    .metadata
}

const rolledBack = (metadata: Metadata, id: number): Metadata => ({
  ...metadata,
  'current-snapshot-id': id,
  refs: { main: { 'snapshot-id': id, type: 'branch' } },
})

test('positions are read back as they were', () => {
  const place = fc.nat(2 ** 40).chain((next) =>
    fc.record({
      next: fc.constant(offset(next)),
      last:
        next === 0
          ? fc.constant(null)
          : fc.option(
              fc.record({ offset: fc.nat(next - 1).map(offset), crc: fc.nat(0xffff_ffff) }),
            ),
    }),
  )
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(500), place)), (places) => {
      const positions: Positions = new Map(
        places.map(([part, { next, last }]) => [
          partition(part),
          { next, last: last === null ? null : { ...last } },
        ]),
      )
      assert.deepEqual(
        [...decodePositions(encodePositions(positions))].toSorted(([a], [b]) => a - b),
        [...positions].toSorted(([a], [b]) => a - b),
      )
    }),
  )
})

test('positions that somebody edited are not guessed at', () => {
  for (const text of [
    '',
    '[]',
    '{"0":5}',
    '{"x":[5]}',
    '{"0":[5,9,1]}',
    '{"0":[-1]}',
    '{"0":[5,4]}',
    '{"0":[1.5]}',
  ])
    assert.throws(
      () => decodePositions(text),
      (error) => isFault(error, 'corrupt'),
      text,
    )
})

test('a log that never landed has no positions', () => {
  assert.deepEqual(tablePositions(empty(), LOG), { positions: new Map(), state: 'unknown' })
})

test('property and snapshot agree, also across snapshots of other engines', () => {
  const text = encodePositions(at(5))
  const metadata = after(after(empty(), 1, text), 2, null)
  assert.deepEqual(tablePositions(metadata, LOG), { positions: at(5), state: 'agreed' })
})

test('a table that was rolled back is refused, or its older positions are taken', () => {
  const older = after(empty(), 1, encodePositions(at(5)))
  const metadata = rolledBack(after(older, 2, encodePositions(at(9))), 1)
  assert.throws(
    () => tablePositions(metadata, LOG),
    (error) => isFault(error, 'corrupt') && error.remedy.includes('--adopt-rollback'),
  )
  assert.deepEqual(tablePositions(metadata, LOG, true).positions, at(5))
})

test('a table that was rolled back to before the first landing is refused, or landed from the beginning', () => {
  const metadata = rolledBack(after(after(empty(), 1, null), 2, encodePositions(at(9))), 1)
  assert.throws(
    () => tablePositions(metadata, LOG),
    (error) => isFault(error, 'corrupt'),
  )
  assert.deepEqual(tablePositions(metadata, LOG, true).positions, new Map())
})

test('a property that somebody removed is noticed', () => {
  const metadata = after(empty(), 1, encodePositions(at(5)))
  const without = { ...metadata, properties: {} }
  assert.throws(
    () => tablePositions(without, LOG),
    (error) => isFault(error, 'corrupt'),
  )
})

test('where every snapshot that had positions has expired, the property counts', () => {
  const metadata = after(after(empty(), 1, encodePositions(at(5))), 2, null)
  const snapshots = metadata.snapshots.filter((one) => one['snapshot-id'] !== 1)
  assert.deepEqual(tablePositions({ ...metadata, snapshots }, LOG), {
    positions: at(5),
    state: 'unvouched',
  })
})

test('an unknown tape may land only where nothing is', () => {
  const other = logId('tape-b')
  checkTape(empty(), other, false)
  const metadata = after(empty(), 1, encodePositions(at(5)))
  checkTape(metadata, LOG, false)
  checkTape(metadata, other, true)
  assert.throws(
    () => checkTape(metadata, other, false),
    (error) => isFault(error, 'corrupt') && error.remedy.includes('--adopt-tape'),
  )
})
