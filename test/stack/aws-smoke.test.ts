import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { describe, test } from 'node:test'

const SCRIPT = fileURLToPath(new URL('../aws-smoke.ts', import.meta.url))

/** The script against a stand-in; told to end, as by Ctrl-C, when `until` is seen. */
async function dryRun(until?: RegExp): Promise<{ code: number | null; out: string }> {
  const args = ['--disable-warning=ExperimentalWarning', SCRIPT, '--dry-run']
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  let out = ''
  let stopped = false
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    out += text
    if (stopped || until?.test(out) !== true) return
    stopped = true
    child.kill('SIGINT')
  })
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve))
  return { code, out }
}

describe('npm run aws-smoke', () => {
  test('goes to its end against a stand-in and leaves nothing', async () => {
    const { code, out } = await dryRun()
    assert.equal(code, 0, out)
    assert.match(out, /dry run passed\n$/)
    assert.match(out, /removed database \S+, 2 tables and views\n/)
    assert.match(out, /removed s3:\S+\/, [1-9]\d* objects\n/)
  })

  test('removes what it made when it is stopped in the middle', async () => {
    const { code, out } = await dryRun(/land them/)
    assert.equal(code, 1, out)
    assert.match(out, /FAILED: stopped by SIGINT\n/)
    assert.match(out, /removed database \S+, 2 tables and views\n/)
    assert.match(out, /removed s3:\S+\/, [1-9]\d* objects\n/)
    assert.doesNotMatch(out, /LEFT BEHIND/)
  })
})
