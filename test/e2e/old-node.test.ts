import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { BIN } from '../crash/processes.ts'

/** Starts the command as a Node of another version would: only the version that it is told differs. */
const startedBy = (version: string) =>
  spawnSync(
    process.execPath,
    [
      '--input-type=module',
      '--eval',
      `Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '${version}' } })
       process.argv.push('ticklake', 'version')
       await import(${JSON.stringify(pathToFileURL(BIN).href)})`,
    ],
    { encoding: 'utf8' },
  )

for (const version of ['18.20.4', '22.14.0', '24.5.0']) {
  test(`on Node ${version} it says what to do`, () => {
    const { status, stdout, stderr } = startedBy(version)
    assert.deepEqual([status, stdout], [78, ''])
    assert.match(stderr, /needs Node 24\.6 or newer; this is [\d.]+\.\nInstall a newer one/)
  })
}

test('on Node 24.6.0 it starts', () => {
  const { status, stderr } = startedBy('24.6.0')
  assert.equal(status, 0, stderr)
})
