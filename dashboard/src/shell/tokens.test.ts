import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { test } from 'node:test'

type Colours = ReadonlyMap<string, string>

const text = await readFile(new URL('tokens.css', import.meta.url), 'utf8')
const coloursOf = (block: string): Colours =>
  new Map(
    [...block.matchAll(/--([\w-]+): (#[0-9a-f]{6});/g)].map(([, name = '', hex = '']) => [
      name,
      hex,
    ]),
  )
const [light, dark, system] = text
  .split(/:root[^{]*\{/)
  .slice(1)
  .map(coloursOf)
assert.ok(light && dark && system)

/** Relative luminance and contrast as WCAG 2.2 defines them. */
function luminance(hex: string): number {
  const [r = 0, g = 0, b = 0] = [1, 3, 5].map((at) => {
    const part = Number.parseInt(hex.slice(at, at + 2), 16) / 255
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4
  })
  return 0.2126 * r + 0.7152 * g + 0.0722 * b
}
function contrast(one: string, other: string): number {
  const [low = 0, high = 0] = [luminance(one), luminance(other)].toSorted((a, b) => a - b)
  return (high + 0.05) / (low + 0.05)
}

const GROUNDS = ['bg', 'surface', 'surface-2', 'hover', 'selected']
const TEXTS = ['text', 'text-muted', 'accent', 'up', 'down', 'good', 'warn', 'bad', 'info']
const SOFT = ['up', 'down', 'good', 'warn', 'bad', 'info']

for (const [theme, colours] of Object.entries({ light, dark })) {
  const of = (name: string) => {
    const hex = colours.get(name)
    assert.ok(hex, `${name} in ${theme}`)
    return hex
  }
  const check = (on: string, ground: string, least: number) => {
    const ratio = contrast(of(on), of(ground))
    assert.ok(ratio >= least, `${on} on ${ground}: ${ratio.toFixed(2)}`)
  }

  test(`text of the ${theme} theme can be read on every ground`, () => {
    for (const ground of GROUNDS) for (const on of TEXTS) check(on, ground, 4.5)
    for (const name of SOFT) {
      check(name, `${name}-soft`, 4.5)
      check('text', `${name}-soft`, 4.5)
    }
    check('accent-text', 'accent', 4.5)
  })

  test(`edges and focus of the ${theme} theme can be seen`, () => {
    for (const ground of ['bg', 'surface', 'surface-2'])
      for (const on of ['edge', 'focus']) check(on, ground, 3)
  })
}

test('the dark theme is the same by choice and by the system', () => {
  assert.deepEqual(system, dark)
  assert.deepEqual([...dark.keys()], [...light.keys()])
})
