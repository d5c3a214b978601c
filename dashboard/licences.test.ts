import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { licencesOf, packageOf } from './licences.ts'

const ROOT = fileURLToPath(new URL('../', import.meta.url))

test('knows the package that a bundled file is of', () => {
  assert.equal(packageOf('node_modules/preact/dist/preact.mjs'), 'node_modules/preact')
  assert.equal(packageOf('node_modules/@lezer/common/dist/index.js'), 'node_modules/@lezer/common')
  assert.equal(
    packageOf('node_modules/a/node_modules/@b/c/index.js'),
    'node_modules/a/node_modules/@b/c',
  )
  assert.equal(packageOf('dashboard/src/main.tsx'), null)
})

test('tells the licence of each package once, also of one without a file of it', async () => {
  const text = await licencesOf(ROOT, [
    'dashboard/src/main.tsx',
    'node_modules/preact/dist/preact.mjs',
    'node_modules/preact/hooks/dist/hooks.mjs',
    'node_modules/fancy-canvas/index.mjs',
  ])
  assert.equal(text.match(/^preact \d/gm)?.length, 1)
  assert.match(text, /Copyright \(c\) 2015-present Jason Miller/)
  assert.match(text, /^fancy-canvas \d[\s\S]*^Licence: MIT$/m)
})
