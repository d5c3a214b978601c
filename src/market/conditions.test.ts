import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { CONDITIONS, eligibility, meaning } from './conditions.ts'

const PUBLISHED = new URL('../../../shared/market-data/finnhub-conditions.json', import.meta.url)
const codesWhere = (of: (code: string) => boolean) =>
  CONDITIONS.map(({ code }) => code)
    .filter(of)
    .join(' ')

test('all 41 codes are here, in order', () => {
  assert.deepEqual(
    CONDITIONS.map(({ code }) => Number(code)),
    Array.from({ length: 41 }, (_, i) => i + 1),
  )
})

test('codes that do not count for volume, high and low, or last are those of the SIP rules', () => {
  assert.equal(
    codesWhere((code) => !eligibility(code).volume),
    '16 20 39',
  )
  assert.equal(
    codesWhere((code) => !eligibility(code).highLow),
    '3 5 10 12 16 17 20 22 24 25 26 37 38 40',
  )
  assert.equal(
    codesWhere((code) => !eligibility(code).last),
    '3 5 9 10 12 15 16 17 20 21 22 24 25 26 30 32 37 38 40',
  )
  assert.equal(
    codesWhere((code) => eligibility(code).lastConditional),
    '9 15 21 30 32',
  )
  assert.equal(
    codesWhere((code) => eligibility(code).untilEndOfEligibility),
    '15',
  )
})

test('an intermarket sweep is an ordinary good trade', () => {
  const { regular, sweep } = meaning('1,8')
  assert.deepEqual([regular.volume, regular.highLow, regular.last, sweep], [true, true, true, true])
})

test('a trade without conditions counts for everything', () => {
  for (const none of [null, '']) {
    assert.deepEqual(eligibility(none), {
      volume: true,
      highLow: true,
      last: true,
      lastConditional: false,
      untilEndOfEligibility: false,
    })
  }
})

test('a code that nobody published counts for volume only and is reported', () => {
  for (const odd of ['42', '1,x', '01', '1,', ' 1', '1,,8']) {
    const { regular, known } = meaning(odd)
    assert.deepEqual([regular.volume, regular.highLow, regular.last], [true, false, false], odd)
    assert.equal(known, false)
  }
})

test('form T keeps a trade out of regular prices and not out of the extended sessions', () => {
  assert.equal(eligibility('1,24').highLow, false)
  assert.equal(eligibility('1,24', 'extended').highLow, true)
  assert.equal(eligibility('1,24,12', 'extended').highLow, false)
  assert.equal(meaning('1,25').extendedHours, true)
})

test('one "no" wins: a set allows what every one of its codes allows', () => {
  const code = fc.constantFrom(...CONDITIONS.map((condition) => condition.code), '42', '99')
  fc.assert(
    fc.property(fc.array(code, { minLength: 1, maxLength: 4 }), (codes) => {
      const together = eligibility(codes.join(','))
      const alone = codes.map((one) => eligibility(one))
      assert.equal(
        together.volume,
        alone.every((one) => one.volume),
      )
      assert.equal(
        together.highLow,
        alone.every((one) => one.highLow),
      )
      assert.equal(
        together.last,
        alone.every((one) => one.last),
      )
      assert.equal(
        together.last || together.lastConditional,
        alone.every((one) => one.last || one.lastConditional),
      )
    }),
  )
})

test('the table says what the gathered publications say', (t) => {
  if (!existsSync(PUBLISHED))
    return t.skip('finnhub-conditions.json is not in ../shared/market-data')
  type Entry = {
    code: string
    cta: string | null
    utp: string | null
    eligible: { last: boolean | null; high_low: boolean | null; volume: boolean | null }
    last_conditional?: string
  }
  const { finnhub } = JSON.parse(readFileSync(PUBLISHED, 'utf8')) as { finnhub: readonly Entry[] }
  const published = finnhub.map(({ code, cta, utp, eligible, last_conditional: conditional }) => ({
    code,
    cta,
    utp,
    rule: {
      volume: eligible.volume ?? true,
      highLow: eligible.high_low ?? false,
      last: conditional ?? (eligible.last === true ? 'yes' : 'no'),
    },
  }))
  const words = { yes: 'yes', no: 'no', only: 'n1', 'only until 16:00:10': 'n2' }
  const ours = CONDITIONS.map(({ code, cta, utp, rule }) => ({
    code,
    cta,
    utp,
    rule: { ...rule, last: words[rule.last] },
  }))
  return assert.deepEqual(ours, published)
})
