#!/usr/bin/env node
// Runs on any Node, so that an old one is told what to do; the program itself needs the version below.
import { existsSync } from 'node:fs'
import * as nodeModule from 'node:module'

const NEEDED = [24, 6]
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)

if (major < NEEDED[0] || (major === NEEDED[0] && minor < NEEDED[1])) {
  process.stderr.write(
    `ticklake needs Node ${NEEDED.join('.')} or newer; this is ${process.versions.node}.\n` +
      'Install a newer one (https://nodejs.org), or run it with one: npx -p node@24 -p ticklake ticklake\n',
  )
  process.exitCode = 78
} else {
  // node:sqlite warns on each start that it is experimental: not the user's concern.
  const emit = process.emitWarning
  process.emitWarning = (warning, ...rest) => {
    if (!String(warning).includes('SQLite is an experimental feature')) emit(warning, ...rest)
  }
  // The second start is three times as fast: code is kept compiled in the system's temporary folder.
  nodeModule.enableCompileCache?.()
  const source = new URL('../src/cli/main.ts', import.meta.url)
  const built = new URL('../dist/cli/main.js', import.meta.url)
  const { main } = await import((existsSync(source) ? source : built).href)
  await main(process.argv.slice(2))
}
