import { readFile } from 'node:fs/promises'

export type Asset = { readonly type: string; readonly body: Uint8Array }

/** The page's own files, by path; nothing else of the disk is ever served. */
const FILES: Readonly<Record<string, readonly [file: string, type: string]>> = {
  '/': ['index.html', 'text/html; charset=utf-8'],
  '/page.css': ['page.css', 'text/css; charset=utf-8'],
  '/page.js': ['page.js', 'text/javascript; charset=utf-8'],
  '/icon.svg': ['icon.svg', 'image/svg+xml'],
}

/** Reads the page's files once. */
export async function loadAssets(): Promise<ReadonlyMap<string, Asset>> {
  const entries = Object.entries(FILES).map(
    async ([path, [file, type]]): Promise<[string, Asset]> => {
      const body = await readFile(new URL(`./page/${file}`, import.meta.url))
      return [path, { type, body }]
    },
  )
  return new Map(await Promise.all(entries))
}
