import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as format from './format.ts'

const each = (show: (value: number) => string, cases: readonly (readonly [number, string])[]) => {
  for (const [value, text] of cases) assert.equal(show(value), text)
}

test('prices show every decimal that was traded, and two at least', () => {
  each(format.showPrice, [
    [191.25, '191.25'],
    [191.2, '191.20'],
    [150.0001, '150.0001'],
    [65_000.1, '65,000.10'],
    [0.00001234, '0.00001234'],
    [0.5, '0.50'],
    [-37.63, '−37.63'],
  ])
})

test('changes bear their sign', () => {
  each(format.showChange, [
    [1.25, '+1.25'],
    [-0.4, '−0.40'],
    [0, '0.00'],
  ])
  each(format.showPercentChange, [
    [1.234, '+1.23%'],
    [-0.4, '−0.40%'],
    [0, '0.00%'],
  ])
})

test('volumes keep what counts', () => {
  each(format.showVolume, [
    [0, '0'],
    [0.0125, '0.0125'],
    [1250, '1,250'],
    [99_999, '99,999'],
    [123_456, '123K'],
    [999_950, '1.00M'],
    [1_234_567, '1.23M'],
    [45_600_000, '45.6M'],
    [2.5e9, '2.50B'],
  ])
})

test('bytes are in decimal units', () => {
  each(format.showBytes, [
    [0, '0 B'],
    [999, '999 B'],
    [1000, '1.00 kB'],
    [1_234_567, '1.23 MB'],
    [999_999, '1.00 MB'],
    [3.2e9, '3.20 GB'],
  ])
})

test('spans go from the tenth of a millisecond to days', () => {
  each(format.showSpan, [
    [0, '0 s'],
    [0.0004, '0.4 ms'],
    [0.012, '12 ms'],
    [0.9996, '1.0 s'],
    [1.24, '1.2 s'],
    [9.97, '10 s'],
    [59.6, '1 min'],
    [200, '3 min 20 s'],
    [7500, '2 h 5 min'],
    [86_400 * 3 + 4 * 3600, '3 d 4 h'],
    [-1.5, '−1.5 s'],
  ])
  each(format.showAge, [
    [-3, '0 s'],
    [1.4, '1 s'],
    [61, '1 min 1 s'],
  ])
})

test('what is not known is a dash', () => {
  for (const show of Object.values(format))
    for (const value of [null, undefined, Number.NaN, Infinity]) assert.equal(show(value), '–')
})
