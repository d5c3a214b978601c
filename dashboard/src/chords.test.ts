import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CHORD_MS, createChords, nameOf, pressesOf, type Press } from './chords.ts'

const PLAIN: Press = {
  key: '',
  ctrl: false,
  alt: false,
  shift: false,
  typing: false,
  taken: false,
}
const name = (press: Partial<Press>) => nameOf({ ...PLAIN, ...press })

test('a press has the name that shortcuts are written with', () => {
  assert.equal(name({ key: 'g' }), 'g')
  assert.equal(name({ key: '?', shift: true }), '?')
  assert.equal(name({ key: ' ' }), 'Space')
  assert.equal(name({ key: 'Enter', ctrl: true }), 'Ctrl+Enter')
  assert.equal(name({ key: 'K', ctrl: true }), pressesOf('Ctrl+K')[0])
  assert.equal(name({ key: 'ArrowLeft', shift: true }), 'Shift+ArrowLeft')
})

test('while typing only presses with Ctrl have one', () => {
  assert.equal(name({ key: 'g', typing: true }), null)
  assert.equal(name({ key: '/', typing: true }), null)
  assert.equal(name({ key: 'k', ctrl: true, typing: true }), 'Ctrl+k')
})

test('what a control works, Alt and the modifiers themselves have none', () => {
  assert.equal(name({ key: ' ', taken: true }), null)
  assert.equal(name({ key: 'é', alt: true }), null)
  assert.equal(name({ key: 'Shift', shift: true }), null)
  assert.equal(name({ key: 'Control', ctrl: true }), null)
})

const SHORTCUTS = ['g m', 'g s', '1', 's', 'Ctrl+K']

test('two keys in order run the shortcut of both', () => {
  const chords = createChords()
  assert.equal(chords.press({ name: 'g', atMs: 0 }, SHORTCUTS), 'begun')
  assert.deepEqual(chords.press({ name: 's', atMs: 100 }, SHORTCUTS), { run: 'g s' })
  assert.deepEqual(chords.press({ name: 's', atMs: 200 }, SHORTCUTS), { run: 's' })
})

test('the second key alone counts when it comes too late or fits no first', () => {
  const chords = createChords()
  chords.press({ name: 'g', atMs: 0 }, SHORTCUTS)
  assert.deepEqual(chords.press({ name: 's', atMs: CHORD_MS + 1 }, SHORTCUTS), { run: 's' })
  chords.press({ name: 'g', atMs: 5000 }, SHORTCUTS)
  assert.deepEqual(chords.press({ name: '1', atMs: 5001 }, SHORTCUTS), { run: '1' })
  chords.press({ name: 'g', atMs: 6000 }, SHORTCUTS)
  assert.equal(chords.press({ name: 'x', atMs: 6001 }, SHORTCUTS), null)
  assert.equal(chords.press({ name: 'm', atMs: 6002 }, SHORTCUTS), null)
})

test('Ctrl shortcuts are found in whatever case they are written', () => {
  const press = { name: 'Ctrl+k', atMs: 0 }
  assert.deepEqual(createChords().press(press, SHORTCUTS), { run: 'Ctrl+K' })
})
