import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'

/** The npm package that a bundled file is of, as its folder; null: it is of the page itself. */
export function packageOf(input: string): string | null {
  const [, folder = null] = /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(input) ?? []
  return folder
}

/** The licences of every package that is bundled, as their authors wrote them. Throws where one has none. */
export async function licencesOf(root: string, inputs: readonly string[]): Promise<string> {
  const folders = new Set(inputs.map(packageOf).filter((folder) => folder !== null))
  const texts = [...folders].toSorted().map((folder) => licenceOf(join(root, folder)))
  const head = 'The page of ticklake holds parts of these packages.\n'
  return [head, ...(await Promise.all(texts))].join(`\n${'-'.repeat(72)}\n\n`)
}

type Package = {
  readonly name: string
  readonly version: string
  readonly license?: string
  readonly author?: string | { readonly name: string }
}

async function licenceOf(folder: string): Promise<string> {
  const about = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8')) as Package
  const { name, version, license, author } = about
  const files = (await readdir(folder)).filter((file) => /^(licen[cs]e|notice)/i.test(file))
  const texts = files.toSorted().map((file) => readFile(join(folder, file), 'utf8'))
  if (files.length === 0 && license === undefined) throw new Error(`${name} has no licence`)
  const by = typeof author === 'string' ? author : author?.name
  const said = [`Licence: ${license}`, ...(by === undefined ? [] : [`Author: ${by}`])].join('\n')
  const body = files.length === 0 ? [`${said}\n`] : await Promise.all(texts)
  return [`${name} ${version}\n`, ...body.map((text) => text.trim() + '\n')].join('\n')
}
