import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { loadSettings } from '../config/load.ts'
import { SETTING_NAMES } from '../config/settings.ts'
import { settingsTemplate } from './init.ts'

/** `# name: value`, whose value is one that counts. */
const COMMENTED = /^( *)# (\w+: (?!'').+)$/

test('every example of the written file is right where it stands', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'ticklake-init-'))
  try {
    const lines = settingsTemplate().split('\n')
    const examples = lines.map((line) =>
      /^ *# \w+: /.test(line) && !/^ *# Default: /.test(line)
        ? line.replace(COMMENTED, '$1$2')
        : line,
    )
    writeFileSync(join(dir, 'ticklake.yaml'), examples.join('\n'))
    const around = { flags: new Map(), env: {}, cwd: dir, home: dir, file: null }
    const { settings, origins } = await loadSettings(around)
    const named = SETTING_NAMES.filter((name) => origins.get(name) !== 'default')
    assert.ok(named.includes('land.rows') && named.includes('kafka.sasl'), named.join(' '))
    assert.deepEqual([settings['kafka.tls'], settings['kafka.compression']], ['off', 'zstd'])
  } finally {
    rmSync(dir, { recursive: true })
  }
})

test('every setting stands in the written file, under its section', () => {
  const lines = settingsTemplate().split('\n')
  let section = ''
  const found = lines.flatMap((line) => {
    const [, head] = /^(\w+):$/.exec(line) ?? []
    if (head !== undefined) section = head
    const [, indent = '', key] = /^( *)# (\w+): /.exec(line) ?? []
    if (key === undefined || key === 'Default') return []
    return [indent === '' ? key : `${section}.${key}`]
  })
  assert.deepEqual(
    SETTING_NAMES.filter((name) => !found.includes(name)),
    [],
  )
})
