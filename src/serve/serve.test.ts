import assert from 'node:assert/strict'
import { once } from 'node:events'
import { request } from 'node:http'
import { connect } from 'node:net'
import { after, before, describe, test } from 'node:test'
import { WebSocket } from 'ws'
import { Fault, isFault } from '../flow/fault.ts'
import { silent } from '../flow/log.ts'
import { accessOf } from './access.ts'
import { startServer, type Server, type ServerOptions } from './serve.ts'

const unasked = (): never => {
  throw new Fault('unavailable', 'nothing is recorded yet', { remedy: 'Wait.' })
}
const overview = {
  unready: async () => 'no tape yet',
  samples: async () => [{ name: 'x_total', labels: {}, value: 3 }],
}
/** What these tests ask is answered by the server itself; a route's own answers are tested beside the route. */
const options = (change: Partial<ServerOptions> = {}): ServerOptions => ({
  listen: { host: '127.0.0.1', port: 0 },
  access: accessOf({ host: '127.0.0.1', hosts: [], token: null }),
  sources: {
    overview: overview as unknown as ServerOptions['sources']['overview'],
    market: async () => unasked(),
    asked: async () => unasked(),
    lakes: async () => unasked(),
    symbols: () => [],
    millisMax: 1000,
    zone: 'UTC',
    version: '0.0.0',
    log: silent,
  },
  connect: (socket) => socket.send('hello'),
  log: silent,
  ...change,
})

type Got = { status: number; headers: Readonly<Record<string, unknown>>; body: string }
type Sent = {
  readonly headers?: Record<string, string>
  readonly method?: string
  readonly body?: string
}

/** Not fetch, which would not let a test say what it likes in Host and Origin. */
const ask = (
  server: Server,
  path: string,
  { headers = {}, method = 'GET', body = '' }: Sent = {},
) =>
  new Promise<Got>((resolve, reject) => {
    const asked = request(
      new URL(path, server.url),
      { headers, method, agent: false },
      (response) => {
        let text = ''
        response.setEncoding('utf8')
        response.on('data', (part: string) => (text += part))
        response.on('end', () =>
          resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text }),
        )
      },
    )
    asked.on('error', reject)
    asked.end(body)
  })

describe('the server', () => {
  let server: Server
  before(async () => (server = await startServer(options())))
  after(() => server[Symbol.asyncDispose]())

  test('serves the page with a policy that runs no inline script or style, but by a nonce of its own', async () => {
    const nonces = new Set<string>()
    for (const path of ['/', '/market', '/sql', '/lake', '/']) {
      const { status, headers, body } = await ask(server, path)
      assert.equal(status, 200, body)
      const policy = String(headers['content-security-policy'])
      assert.doesNotMatch(policy, /unsafe/)
      assert.match(policy, /default-src 'none'; script-src 'self';/)
      const [, nonce = ''] = /'nonce-([^']+)'/.exec(policy) ?? []
      assert.ok(body.includes(`name="csp-nonce" content="${nonce}"`), path)
      assert.doesNotMatch(body, /<script(?![^>]*\bsrc=)|\son\w+=|style=/)
      nonces.add(nonce)
      for (const [, file = ''] of body.matchAll(/(?:src|href)="(\/[^"]+\.\w+)"/g)) {
        const got = await ask(server, file)
        assert.equal(got.status, 200, file)
      }
    }
    assert.equal(nonces.size, 5)
  })

  test('lets nobody under another name or of another site ask, and no site read its answers', async () => {
    const named = await ask(server, '/api/conditions', { headers: { host: 'evil.example:7400' } })
    assert.equal(named.status, 421)
    assert.match(named.body, /does not answer under the name/)
    const foreign = await ask(server, '/api/conditions', {
      headers: { origin: 'http://evil.example' },
    })
    assert.equal(foreign.status, 403)
    const own = await ask(server, '/api/conditions', {
      headers: { origin: server.url.slice(0, -1) },
    })
    assert.equal(own.status, 200)
    assert.equal(own.headers['access-control-allow-origin'], undefined)
    assert.equal(own.headers['cross-origin-resource-policy'], 'same-origin')
    assert.equal(own.headers['cache-control'], 'no-store')
    assert.match(String(own.headers['content-security-policy']), /sandbox/)
  })

  test('takes a page on the live stream by the same rules', async () => {
    const opened = async (path: string, headers: Record<string, string> = {}) => {
      const socket = new WebSocket(new URL(path, server.url.replace('http', 'ws')), { headers })
      const told = once(socket, 'message').then(([message]) => String(message))
      const refused = once(socket, 'unexpected-response').then(
        ([, response]) => (response as { statusCode: number }).statusCode,
      )
      socket.on('error', () => undefined)
      const answer = await Promise.race([told.catch(() => null), refused.catch(() => null)])
      socket.terminate()
      return answer
    }
    assert.equal(await opened('/api/live'), 'hello')
    assert.equal(await opened('/api/live', { origin: server.url.slice(0, -1) }), 'hello')
    assert.equal(await opened('/api/live', { origin: 'http://evil.example' }), 403)
    assert.equal(await opened('/api/live', { host: 'evil.example' }), 421)
    assert.equal(await opened('/elsewhere'), 404)
  })

  test('is healthy at once and ready only when there is something to serve', async () => {
    assert.equal((await ask(server, '/healthz')).status, 200)
    const { status, body } = await ask(server, '/readyz')
    assert.deepEqual([status, body], [503, 'no tape yet\n'])
  })

  test('gives metrics, and serves no file that is not of the page', async () => {
    assert.match((await ask(server, '/metrics')).body, /^# TYPE x_total counter\nx_total 3\n/)
    for (const path of ['/../serve.ts', '/index.html.map', '/%2e%2e/package.json', '/page/../../x'])
      assert.equal((await ask(server, path)).status, 404, path)
  })

  test('says in the words of a Fault why there is no answer, and what a request lacks', async () => {
    const candles = await ask(server, '/api/candles?symbol=AAPL')
    assert.equal(candles.status, 503)
    assert.deepEqual(JSON.parse(candles.body), {
      error: { kind: 'unavailable', message: 'nothing is recorded yet', remedy: 'Wait.' },
    })
    const lacking = await ask(server, '/api/candles')
    assert.equal(lacking.status, 400)
    assert.match(lacking.body, /symbol: /)
    const none = await ask(server, '/api/nothing')
    assert.deepEqual([none.status, none.body.includes('there is no /api/nothing')], [404, true])
    const headers = { 'content-type': 'application/json' }
    const large = { method: 'POST', headers, body: `{"sql":"${'x'.repeat(1_100_000)}"}` }
    assert.equal((await ask(server, '/api/sql', large)).status, 413)
    const cut = { method: 'POST', headers, body: '{' }
    const unread = await ask(server, '/api/sql', cut)
    assert.equal(unread.status, 400, unread.body)
  })

  test('describes every route of the API', async () => {
    const { body } = await ask(server, '/api/openapi.json')
    const { openapi, paths } = JSON.parse(body) as { openapi: string; paths: object }
    assert.equal(openapi, '3.1.0')
    for (const path of ['/api/status', '/api/candles', '/api/trades', '/api/gaps', '/udf/history'])
      assert.ok(path in paths, path)
  })

  test('says so when its port is taken', async () => {
    await assert.rejects(
      startServer(options({ listen: { host: '127.0.0.1', port: server.port } })),
      (error) => isFault(error, 'unavailable') && error.message.includes('is taken'),
    )
  })
})

describe('a server that stops', () => {
  const UPGRADE =
    'Host: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n' +
    'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n'
  /** Stops while a client keeps its half of a connection open and never reads on; hangs where it is waited for. */
  const stopsBeside = async (origin: string) => {
    const server = await startServer(options())
    const socket = connect({ port: server.port, host: '127.0.0.1', allowHalfOpen: true })
    socket.on('error', () => undefined)
    socket.write(`GET /api/live HTTP/1.1\r\n${origin}${UPGRADE}`)
    await once(socket, 'data')
    socket.pause()
    await server[Symbol.asyncDispose]()
    socket.destroy()
  }

  test('does not wait for a socket that it refused', { timeout: 10_000 }, () =>
    stopsBeside('Origin: http://evil.example\r\n'),
  )
  test('does not wait for a page that is suspended', { timeout: 10_000 }, () => stopsBeside(''))
})

describe('a server with a token', () => {
  const token = 'a token of some length'
  let server: Server
  before(async () => {
    const access = accessOf({ host: '127.0.0.1', hosts: [], token })
    server = await startServer(options({ access }))
  })
  after(() => server[Symbol.asyncDispose]())
  const html = { accept: 'text/html' }
  const form = { 'content-type': 'application/x-www-form-urlencoded' }

  test('shows a browser how to sign in, and nothing else', async () => {
    const page = await ask(server, '/', { headers: html })
    assert.equal(page.status, 401)
    assert.match(page.body, /<form method="post" action="\/sign-in">/)
    const api = await ask(server, '/api/conditions')
    assert.equal(api.status, 401)
    assert.match(api.body, /Authorization: Bearer/)
    assert.equal((await ask(server, '/healthz')).status, 200)
  })

  test('gives who knows the token a cookie that no script sees', async () => {
    const wrong = await ask(server, '/sign-in', {
      method: 'POST',
      headers: form,
      body: 'token=guess',
    })
    assert.deepEqual([wrong.status, wrong.headers['set-cookie']], [401, undefined])
    const large = { method: 'POST', headers: form, body: `token=${'a'.repeat(20_000)}` }
    assert.equal((await ask(server, '/sign-in', large)).status, 413)
    const body = `token=${encodeURIComponent(token)}`
    const right = await ask(server, '/sign-in', { method: 'POST', headers: form, body })
    assert.equal(right.status, 303)
    const [set = ''] = right.headers['set-cookie'] as string[]
    assert.match(set, /HttpOnly; SameSite=Strict/)
    assert.ok(!set.includes(token))
    const cookie = set.split(';', 1)[0] ?? ''
    assert.equal((await ask(server, '/', { headers: { ...html, cookie } })).status, 200)
    assert.equal((await ask(server, '/api/conditions', { headers: { cookie } })).status, 200)
    const foreign = { ...form, origin: 'http://evil.example' }
    assert.equal(
      (await ask(server, '/sign-in', { method: 'POST', headers: foreign, body })).status,
      403,
    )
  })
})
