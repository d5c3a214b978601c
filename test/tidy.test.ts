import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { describe, it } from 'node:test'

const root = resolve(import.meta.dirname, '..')
const tracked = execFileSync('git', ['ls-files'], { cwd: root, encoding: 'utf8' })
  .split('\n')
  .filter((path) => path !== '' && existsSync(join(root, path)))
const textOf = (path: string) => readFileSync(join(root, path), 'utf8')

/** Ports with the suite that each of their adapters must run, and where adapters are found. */
const PORTS = [
  { port: 'feed', adapters: /^src\/feed\/finnhub\.ts$/ },
  { port: 'tape', adapters: /^src\/tape\/\w+-tape\.ts$/ },
  { port: 'store', adapters: /^src\/lake\/\w+-store\.ts$/ },
  { port: 'catalog', adapters: /^src\/lake\/\w+-catalog\.ts$/ },
  { port: 'lake', adapters: /^src\/lake\/\w+-lake\.ts$/ },
] as const

describe('the house is tidy', () => {
  it('links in documents resolve', () => {
    const broken = tracked
      .filter((path) => path.endsWith('.md'))
      .flatMap((path) =>
        [...textOf(path).matchAll(/\]\((?!https?:|mailto:)([^)#\s]+)?(?:#([^)]+))?\)/g)]
          .filter(([, target]) => target !== undefined)
          .map(([, target = '']) => ({ path, target, file: resolve(root, dirname(path), target) }))
          .filter(({ file }) => !existsSync(file))
          .map(({ path, target }) => `${path} → ${target}`),
      )
    assert.deepEqual(broken, [])
  })

  it('every adapter runs its port’s conformance suite', () => {
    const tests = tracked
      .filter((path) => path.endsWith('.test.ts'))
      .map((path) => ({ path, text: textOf(path) }))
    const missing = PORTS.flatMap(({ port, adapters }) =>
      tracked
        .filter((path) => adapters.test(path))
        .filter((path) => {
          const file = path.slice(path.lastIndexOf('/') + 1)
          return !tests.some(
            (test) =>
              test.text.includes(`conformance/${port}.ts`) &&
              (test.path === path.replace('.ts', '.test.ts') || test.text.includes(`/${file}'`)),
          )
        })
        .map((path) => `${path} does not run test/conformance/${port}.ts`),
    )
    assert.deepEqual(missing, [])
  })

  it('no source file is left without a newline at its end or with a tab in it', () => {
    const odd = tracked
      .filter((path) => /\.(ts|js|json|md|py|css|html)$/.test(path) && !path.includes('/golden/'))
      .filter((path) => !textOf(path).endsWith('\n') || /\t/.test(textOf(path)))
    assert.deepEqual(odd, [])
  })

  it('the lock names every package of every platform, without which npm ci refuses there', () => {
    type Entry = { readonly optionalDependencies?: Readonly<Record<string, string>> }
    const { packages } = JSON.parse(textOf('package-lock.json')) as {
      readonly packages: Readonly<Record<string, Entry>>
    }
    const missing = Object.values(packages)
      .flatMap(({ optionalDependencies = {} }) => Object.keys(optionalDependencies))
      .filter((name) => packages[`node_modules/${name}`] === undefined)
    assert.deepEqual(missing, [])
  })

  it('docs/operating.md tells what every metric means, and of no other', () => {
    const named = tracked
      .filter((path) => /^src\/.*(?<!\.test)\.ts$/.test(path))
      .flatMap((path) =>
        [...textOf(path).matchAll(/'(ticklake_[a-z_]+)'/g)].map(([, name]) => name),
      )
    const told = [...textOf('docs/operating.md').matchAll(/^\| `(ticklake_[a-z_]+)` \|/gm)]
    assert.deepEqual(new Set(told.map(([, name]) => name)), new Set(named))
  })

  it('the root holds only what belongs there', () => {
    const allowed = new Set(
      [
        '.ci .gitignore .npmrc .oxfmtrc.json .oxlintrc.json CHANGELOG.md CONTRIBUTING.md LICENSE',
        'README.md bench bin dashboard docs package.json package-lock.json src test tsconfig.json',
        'stack tsconfig.build.json',
      ].flatMap((line) => line.split(' ')),
    )
    const entries = new Set(tracked.map((path) => path.split('/')[0] ?? ''))
    assert.deepEqual(
      [...entries].filter((entry) => !allowed.has(entry)),
      [],
    )
  })
})
