import { readdir, readFile } from 'node:fs/promises'
import { extname } from 'node:path'
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'

/** Where `npm run page` puts the page, seen from src/serve and dist/serve alike. */
const PAGE = new URL('../../dist/page/', import.meta.url)

const TYPES: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.txt': 'text/plain; charset=utf-8',
}

export type Asset = {
  readonly type: string
  readonly body: Uint8Array<ArrayBuffer>
  readonly gzipped: Uint8Array<ArrayBuffer>
  /** Its name holds a hash of what is in it: it may be kept for ever. */
  readonly hashed: boolean
}
export type Assets = {
  /** The one document of the page, with __NONCE__ where its nonce goes; null: it was not built. */
  readonly document: string | null
  /** By path; nothing else of the disk is ever served. */
  readonly files: ReadonlyMap<string, Asset>
}

/** Reads the built page once. */
export async function loadAssets(folder: URL = PAGE): Promise<Assets> {
  const names: readonly string[] = await readdir(folder).catch(() => [])
  const read = (name: string) => readFile(new URL(name, folder))
  const files = names
    .filter((name) => TYPES[extname(name)] !== undefined)
    .map(async (name): Promise<[string, Asset]> => {
      const body = new Uint8Array(await read(name))
      const gzipped = new Uint8Array(await promisify(gzip)(body, { level: 9 }))
      const type = TYPES[extname(name)] ?? ''
      return [`/${name}`, { type, body, gzipped, hashed: /-[A-Z0-9]{8}\./.test(name) }]
    })
  const document = names.includes('index.html') ? (await read('index.html')).toString() : null
  return { document, files: new Map(await Promise.all(files)) }
}
