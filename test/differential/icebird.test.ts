import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import { once } from 'node:events'
import { test } from 'node:test'
import { icebergMetadata, icebergRead } from 'icebird'
import { isFault } from '../../src/flow/fault.ts'
import type { LocalStore } from '../../src/lake/local-store.ts'
import type { Store } from '../../src/lake/store.ts'
import { writtenLake } from './written-lake.ts'

/** Serves a store by HTTP, whole files and ranges, since icebird reads by URL alone. */
async function served() {
  let store: Store | null = null
  const server = createServer((request, response) => {
    const key = decodeURIComponent(request.url ?? '').slice(1)
    const range = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '')
    const wanted =
      range === null ? undefined : { first: Number(range[1]), next: Number(range[2]) + 1 }
    store?.read(key, wanted).then(
      (bytes) => {
        response.writeHead(range === null ? 200 : 206, { 'content-length': bytes.length })
        response.end(request.method === 'HEAD' ? undefined : bytes)
      },
      (error: unknown) => response.writeHead(isFault(error) ? 404 : 500).end(),
    )
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  assert.ok(typeof address === 'object' && address !== null)
  const root = `http://127.0.0.1:${address.port}`
  return {
    root,
    through: (local: LocalStore): Store => {
      store = local
      return {
        ...local,
        location: (key) => `${root}/${key}`,
        keyOf: (location) =>
          location.startsWith(`${root}/`) ? location.slice(root.length + 1) : null,
      }
    },
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

test('icebird reads every row as it was written', async () => {
  await using web = await served()
  await using at = await writtenLake({ commits: 3, through: web.through })
  const { location = '' } = (await at.catalog.load({ namespace: 'market', name: 'records' })) ?? {}
  const metadataFileName = location.split('/').at(-1) ?? ''
  const tableUrl = `${web.root}/market/records`
  const metadata = await icebergMetadata({ tableUrl, metadataFileName })
  const rows = await icebergRead({ tableUrl, metadata })
  const seen = rows
    .toSorted((a, b) => Number(a['tape_offset']) - Number(b['tape_offset']))
    .map((row) =>
      row['defect'] === undefined || row['defect'] === null
        ? {
            symbol: row['symbol'],
            ms: Number(row['ts']),
            price: row['price'],
            volume: row['volume'],
          }
        : null,
    )
  assert.deepEqual(seen, at.written)
})
