import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import type { FeedEvent } from '../market/feed-events.ts'
import { createFrameSplitter } from './finnhub-frames.ts'
import { createMark } from './redelivery.ts'

/** A trade on the wire: when it arrived, and which trade it is (equal numbers are equal trades). */
type Arrival = { readonly atMs: number; readonly key: number }

const START_MS = Date.UTC(2026, 7, 28, 14)
const encoder = new TextEncoder()
const textOf = (key: number) =>
  `{"c":["1"],"p":${100 + (key % 1000) / 100},"s":"AAPL","t":${START_MS + Math.floor(key / 1000)},"v":100}`

/** The flags that the rule gives, straight from its words: lists that are counted anew for each trade. */
function model(arrivals: readonly Arrival[]): number[] {
  type Group = { key: number; firstMs: number; count: number; kept: number; known: boolean }
  const groups: Group[] = []
  let factor = 1
  const newest = (counts: readonly number[], tradesMax: number) => {
    const short = counts.filter((count) => count <= tradesMax)
    let first = short.length
    const sum = (from: number) => short.slice(from).reduce((a, b) => a + b, 0)
    while (first > 0 && sum(first - 1) <= tradesMax) first--
    return short.slice(first)
  }
  const share = (counts: readonly number[], by: number) =>
    counts.filter((count) => count % by === 0).length / counts.length
  const known: number[] = []
  const learn = (count: number) => {
    known.push(count)
    const last50 = newest(known, 50)
    if (factor !== 1 && share(last50, factor) < 0.5) factor = 1
    if (factor !== 1) return
    const evidence = newest(known, 200)
    const trades = evidence.reduce((a, b) => a + b, 0)
    if (trades < 20 || evidence.length < 10) return
    factor = share(evidence, 2) >= 0.9 ? 2 : share(evidence, 3) >= 0.9 ? 3 : 1
  }
  const flags: number[] = []
  for (let i = 0; i < arrivals.length;) {
    const now = arrivals[i]?.atMs ?? 0
    const frame = arrivals.slice(i).filter(({ atMs }) => atMs === now)
    for (const group of groups) {
      if (group.known || now - group.firstMs <= 250) continue
      group.known = true
      learn(group.count)
    }
    const mine = frame.map(({ key }) => {
      let group = groups.find((one) => one.key === key && !one.known)
      if (group === undefined) {
        group = { key, firstMs: now, count: 0, kept: 0, known: false }
        groups.push(group)
      }
      group.count++
      return group
    })
    for (const group of mine) {
      const stays = factor === 1 || group.kept < Math.ceil(group.count / factor)
      if (stays) group.kept++
      flags.push(stays ? 0 : 1)
    }
    i += frame.length
  }
  return flags
}

/** The flags that the mark gives; arrivals of one millisecond are one frame. */
async function marked(arrivals: readonly Arrival[]): Promise<number[]> {
  const split = createFrameSplitter()
  const events: FeedEvent[] = []
  for (let i = 0; i < arrivals.length;) {
    const now = arrivals[i]?.atMs ?? 0
    const frame = arrivals.slice(i).filter(({ atMs }) => atMs === now)
    const text = `{"data":[${frame.map(({ key }) => textOf(key)).join(',')}],"type":"trade"}`
    const whole = split(encoder.encode(text), START_MS + now)
    assert.ok(whole.kind === 'trades')
    events.push({ kind: 'records', records: whole.records })
    i += frame.length
  }
  const flags: number[] = []
  const source = async function* () {
    for (const event of events) yield [event]
  }
  for await (const batch of createMark()(source()))
    for (const event of batch)
      if (event.kind === 'records') flags.push(...event.records.redelivered)
  return flags
}

/** Sessions that change between once, twice and thrice; copies 0–100 ms late; real trades that equal another. */
const anySession = fc
  .array(
    fc.record({
      times: fc.constantFrom(1, 2, 2, 2, 3),
      trades: fc.array(
        fc.record({
          waitMs: fc.oneof(fc.nat({ max: 3 }), fc.nat({ max: 120 }), fc.constant(0)),
          repeatsBefore: fc.oneof({ weight: 5, arbitrary: fc.constant(0) }, fc.nat({ max: 3 })),
          delays: fc.tuple(fc.constantFrom(0, 0, 18, 60, 97), fc.constantFrom(0, 5, 100)),
          lost: fc.nat({ max: 15 }).map((n) => n === 0),
        }),
        { maxLength: 60, size: 'max' },
      ),
      burst: fc.oneof({ weight: 6, arbitrary: fc.constant(0) }, fc.nat({ max: 120 })),
    }),
    { minLength: 1, maxLength: 4 },
  )
  .map((phases) => {
    const arrivals: Arrival[] = []
    let atMs = 0
    let key = 0
    for (const { times, trades, burst } of phases) {
      for (const { waitMs, repeatsBefore, delays, lost } of trades) {
        atMs += waitMs
        const mine = Math.max(0, repeatsBefore === 0 ? ++key : key - repeatsBefore + 1)
        const copies = [0, ...delays].slice(0, lost ? 1 : times)
        for (const delay of copies) arrivals.push({ atMs: atMs + delay, key: mine })
      }
      atMs += 10
      key++
      for (let i = 0; i < burst * times; i++) arrivals.push({ atMs, key })
    }
    return arrivals.toSorted((a, b) => a.atMs - b.atMs)
  })

test('the mark is the rule, whatever the session', async () => {
  let flagged = 0
  await fc.assert(
    fc.asyncProperty(anySession, async (arrivals) => {
      const flags = await marked(arrivals)
      flagged += flags.reduce((a, b) => a + b, 0)
      assert.deepEqual(flags, model(arrivals))
    }),
    { numRuns: 60 },
  )
  assert.ok(flagged > 100, `only ${flagged} copies were marked: the sessions try nothing`)
})

test('a burst of equals that is longer than the evidence says nothing of the rest', async () => {
  const doubled = Array.from({ length: 14 }, (_, i) => [
    { atMs: i * 1000, key: i },
    { atMs: i * 1000, key: i },
  ]).flat()
  const burst = Array.from({ length: 202 }, () => ({ atMs: 20_000, key: 100 }))
  const after = [30, 31, 32].flatMap((s) => [
    { atMs: s * 1000, key: s },
    { atMs: s * 1000, key: s },
  ])
  const flags = await marked([...doubled, ...burst, ...after])
  assert.deepEqual(flags.slice(-6), [0, 1, 0, 1, 0, 1])
})
