import assert from 'node:assert/strict'
import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'

const root = resolve(import.meta.dirname, '../..')
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
  version: string
}
/** A slow machine may take long to start three processes. */
const UP_MS_MAX = 60_000

/** The tarball that `npm publish` would upload, installed in a folder elsewhere. */
async function installed(t: TestContext): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'ticklake-pack-'))
  t.after(() => rm(dir, { recursive: true, force: true }))
  const npm = (args: readonly string[], cwd: string) =>
    execFileSync('npm', [...args], { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
  npm(['pack', '--pack-destination', dir], root)
  npm(['init', '--yes'], dir)
  npm(['install', '--no-audit', '--no-fund', `./ticklake-${version}.tgz`], dir)
  return dir
}

describe('the package', () => {
  it('installs elsewhere from its tarball, records, answers and shows its page', async (t) => {
    const dir = await installed(t)
    const bin = join(dir, 'node_modules/.bin/ticklake')
    const ticklake = (...args: readonly string[]) =>
      spawnSync(process.execPath, [bin, ...args], { cwd: dir, encoding: 'utf8' })
    const told = ticklake('version')
    assert.equal(told.status, 0, told.stderr)
    assert.ok(told.stdout.startsWith(`ticklake ${version} `), told.stdout)

    const up = spawn(process.execPath, [bin, 'up', '--port', '0'], { cwd: dir })
    let said = ''
    for (const stream of [up.stdout, up.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => (said += text))
    t.after(() => void up.kill('SIGKILL'))
    const trades = () => {
      const { stdout } = ticklake('sql', '--json', 'SELECT count(*) AS trades FROM trades')
      return stdout === '' ? 0 : (JSON.parse(stdout) as { trades: number }).trades
    }
    const latest = Date.now() + UP_MS_MAX
    const isUp = () => said.includes('http://') && trades() > 0
    while (!isUp() && Date.now() < latest) await delay(500)
    assert.ok(trades() > 0, said)

    const url = /http:\/\/\S+/.exec(said)?.[0] ?? ''
    const page = await (await fetch(url)).text()
    const files = [...page.matchAll(/(?:src|href)="(\/[^"]+\.\w+)"/g)].map(([, file = '']) => file)
    assert.ok(files.length >= 2, page)
    for (const path of ['', ...files, 'licenses.txt', 'metrics', 'healthz', 'api/status']) {
      const { status } = await fetch(new URL(path, url))
      assert.equal(status, 200, `${url}${path}`)
    }
    const asked = await fetch(new URL('/api/sql', url), {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ sql: 'SELECT count(*) > 0 AS some FROM trades' }),
    })
    assert.match(await asked.text(), /"rows":\[\[true\]\][^]*"kind":"end"/)
    up.kill('SIGINT')
    const [code] = (await once(up, 'exit')) as [number | null]
    assert.equal(code, 0, said)
    assert.equal(ticklake('verify').status, 0)
  })
})
