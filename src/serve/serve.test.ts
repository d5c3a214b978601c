import assert from 'node:assert/strict'
import { request } from 'node:http'
import { after, before, describe, test } from 'node:test'
import { isFault } from '../flow/fault.ts'
import { silent } from '../flow/log.ts'
import { startServer, type Server } from './serve.ts'

const answers = {
  summary: async () => ({ hello: 1 }),
  unready: async () => 'no tape yet',
  samples: async () => [{ name: 'x_total', labels: {}, value: 3 }],
}

describe('the server', () => {
  let server: Server
  before(async () => (server = await startServer({ port: 0, answers, log: silent })))
  after(async () => server[Symbol.asyncDispose]())

  const get = (path: string, headers: Record<string, string> = {}, method = 'GET') =>
    new Promise<{ status: number; headers: Record<string, unknown>; body: string }>(
      (resolve, reject) => {
        const asked = request(new URL(path, server.url), { headers, method }, (response) => {
          let body = ''
          response.setEncoding('utf8')
          response.on('data', (part: string) => (body += part))
          response.on('end', () =>
            resolve({ status: response.statusCode ?? 0, headers: response.headers, body }),
          )
        })
        asked.on('error', reject)
        asked.end()
      },
    )

  test('serves the page with a policy that runs no inline script', async () => {
    const { status, headers, body } = await get('/')
    assert.equal(status, 200)
    assert.match(String(headers['content-security-policy']), /script-src 'self'/)
    assert.doesNotMatch(String(headers['content-security-policy']), /unsafe/)
    assert.doesNotMatch(body, /<script(?![^>]*\bsrc=)|\son\w+=|style=/)
    assert.equal((await get('/page.js')).status, 200)
    assert.equal((await get('/page.css')).status, 200)
  })

  test('refuses a page of another name that resolves to this machine', async () => {
    assert.equal((await get('/api/summary', { host: 'evil.example:7400' })).status, 421)
    assert.equal((await get('/api/summary', { host: 'localhost:7400' })).status, 200)
    assert.equal((await get('/api/summary')).headers['access-control-allow-origin'], undefined)
  })

  test('is healthy at once and ready only when there is something to serve', async () => {
    assert.equal((await get('/healthz')).status, 200)
    const { status, body } = await get('/readyz')
    assert.deepEqual([status, body], [503, 'no tape yet\n'])
  })

  test('gives metrics, refuses to change anything, and serves no other file', async () => {
    assert.match((await get('/metrics')).body, /^# TYPE x_total counter\nx_total 3\n/)
    assert.equal((await get('/', {}, 'POST')).status, 405)
    assert.equal((await get('/../serve.ts')).status, 404)
  })

  test('says so when its port is taken', async () => {
    await assert.rejects(
      startServer({ port: server.port, answers, log: silent }),
      (error) => isFault(error, 'unavailable') && error.message.includes('is taken'),
    )
  })
})
