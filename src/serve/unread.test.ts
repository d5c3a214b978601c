import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { connect, type AddressInfo, type Socket } from 'node:net'
import { after, before, describe, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { closeUnread } from './unread.ts'

/** More than the buffers of both ends hold. */
const LARGE = Buffer.alloc(64 * 1024 * 1024)
const UNREAD_MS = 200

describe('a whole answer', { timeout: 20_000 }, () => {
  const server = createServer((request, response) => {
    response.end(request.url === '/large' ? LARGE : 'small')
  })
  before(async () => {
    closeUnread(server, UNREAD_MS)
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
  })
  after(() => server.close())

  /** A client that has asked and read nothing, and the server's end of its connection. */
  const ask = async (path: string): Promise<{ readonly client: Socket; readonly end: Socket }> => {
    const { port } = server.address() as AddressInfo
    const connected = once(server, 'connection')
    const client = connect({ port, host: '127.0.0.1' })
    client.on('error', () => undefined)
    client.write(`GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`)
    const [end] = (await connected) as [Socket]
    return { client, end }
  }

  test('that nobody takes gives its connection back', async () => {
    const { client, end } = await ask('/large')
    await once(end, 'close')
    client.destroy()
  })

  test('that was taken leaves its connection to the next one', async () => {
    const { client, end } = await ask('/')
    await once(client, 'data')
    await delay(2 * UNREAD_MS)
    client.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n')
    await once(client, 'data')
    assert.equal(end.destroyed, false)
    client.destroy()
  })
})
