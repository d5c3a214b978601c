import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { build, type Metafile } from 'esbuild'
import { putFolder, type Files } from './folder.ts'
import { licencesOf } from './licences.ts'

const ROOT = fileURLToPath(new URL('../', import.meta.url))
const SOURCE = join(ROOT, 'dashboard')
const TARGET = join(ROOT, 'dist/page')
const ENTRY = 'dashboard/src/main.tsx'

async function bundle(): Promise<{ files: Files; metafile: Metafile }> {
  const { outputFiles, metafile } = await build({
    entryPoints: [join(ROOT, ENTRY)],
    absWorkingDir: ROOT,
    outdir: TARGET,
    bundle: true,
    format: 'esm',
    splitting: true,
    minify: true,
    target: 'es2022',
    charset: 'utf8',
    legalComments: 'none',
    jsx: 'automatic',
    jsxImportSource: 'preact',
    entryNames: '[name]-[hash]',
    chunkNames: '[name]-[hash]',
    assetNames: '[name]-[hash]',
    publicPath: '/',
    metafile: true,
    write: false,
    logLevel: 'warning',
  })
  const files = outputFiles.map(({ path, contents }) => [basename(path), contents] as const)
  return { files: new Map(files), metafile }
}

/** What the first page needs, entry first: its script, those that it imports at once, its style sheet. */
function firstFiles({ outputs }: Metafile): readonly string[] {
  const [path] = Object.entries(outputs).find(([, { entryPoint }]) => entryPoint === ENTRY) ?? []
  if (path === undefined) throw new Error(`no output is made of ${ENTRY}`)
  const found = new Set([path])
  for (const file of found)
    for (const { path, kind } of outputs[file]?.imports ?? [])
      if (kind === 'import-statement') found.add(path)
  const style = outputs[path]?.cssBundle
  return [...found, ...(style === undefined ? [] : [style])].map((file) => basename(file))
}

/** Its name changes with what is in it, so that a browser may keep it for ever. */
function hashedName(name: string, contents: Uint8Array): string {
  const hash = createHash('sha256').update(contents).digest('hex').slice(0, 8).toUpperCase()
  return name.replace(/(?=\.\w+$)/, `-${hash}`)
}

async function page(): Promise<{ files: Files; first: readonly string[] }> {
  const { files, metafile } = await bundle()
  const icon = await readFile(join(SOURCE, 'icon.svg'))
  const iconName = hashedName('icon.svg', icon)
  const first = firstFiles(metafile)
  const tags = [
    `<link rel="icon" href="/${iconName}" type="image/svg+xml" />`,
    ...first.map((name, i) => {
      if (name.endsWith('.css')) return `<link rel="stylesheet" href="/${name}" />`
      if (i === 0) return `<script type="module" src="/${name}"></script>`
      return `<link rel="modulepreload" href="/${name}" />`
    }),
  ]
  const frame = await readFile(join(SOURCE, 'index.html'), 'utf8')
  const document = frame.replace('<!-- assets -->', tags.join('\n    '))
  const licences = await licencesOf(ROOT, Object.keys(metafile.inputs))
  const text = (written: string) => new TextEncoder().encode(written)
  const all = new Map([
    ...files,
    [iconName, icon],
    ['index.html', text(document)],
    ['licenses.txt', text(licences)],
  ])
  return { files: all, first: ['index.html', ...first] }
}

/** Gzipped KB of each file; what comes before the SQL page is loaded stands first. */
function sizesOf(files: Files, first: readonly string[]): string {
  const sizes = [...files].map(([name, contents]) => ({
    name,
    kb: gzipSync(contents, { level: 9 }).length / 1000,
    isFirst: first.includes(name),
  }))
  const line = (kb: number, name: string) => `${kb.toFixed(1).padStart(8)}  ${name}\n`
  const part = (isFirst: boolean, title: string) => {
    const some = sizes.filter((size) => size.isFirst === isFirst).toSorted((a, b) => b.kb - a.kb)
    const sum = some.reduce((sum, { kb }) => sum + kb, 0)
    return some.map(({ kb, name }) => line(kb, name)).join('') + line(sum, title)
  }
  return `KB gzipped\n${part(true, 'at first')}\n${part(false, 'when needed')}`
}

const { files, first } = await page()
await putFolder(TARGET, files)
if (process.argv.includes('--sizes')) process.stdout.write(sizesOf(files, first))
