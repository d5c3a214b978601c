import { readFileSync } from 'node:fs'
import type { Command } from './command.ts'
import { EXIT } from './exit.ts'

/** The version in package.json, which lies two folders up both in the source and in the build. */
export function packageVersion(): string {
  const manifest = readFileSync(new URL('../../package.json', import.meta.url), 'utf8')
  const { version } = JSON.parse(manifest) as { version: string }
  return version
}

export const command: Command = {
  text: {
    name: 'version',
    takes: '',
    summary: 'The version of ticklake and of what it runs on',
    examples: [['ticklake version --json', 'for programs']],
    flags: [],
    positionalsMax: 0,
  },
  run: async ({ json, terminal }) => {
    const ticklake = packageVersion()
    const { node, sqlite = null } = process.versions
    const platform = `${process.platform}-${process.arch}`
    await terminal.out(
      json
        ? `${JSON.stringify({ ticklake, node, sqlite, platform })}\n`
        : `ticklake ${ticklake} (Node ${node}, ${platform})\n`,
    )
    return EXIT.ok
  },
}
