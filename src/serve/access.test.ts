import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { isFault } from '../flow/fault.ts'
import { accessOf, COOKIE, refusalOf, sessionOf, type Access } from './access.ts'

const TOKEN = 'a token of some length'
const here = accessOf({ host: '127.0.0.1', hosts: ['ticks.example'], token: null })
const abroad = accessOf({ host: '0.0.0.0', hosts: [], token: TOKEN })

const statusOf = (
  access: Access,
  headers: Readonly<Record<string, string>>,
  { method = 'GET', path = '/api/candles' } = {},
): number => refusalOf(access, { method, path, header: (name) => headers[name] })?.status ?? 200

describe('access', () => {
  test('is under names of this machine and those of the settings, with any port', () => {
    for (const host of ['localhost', 'LOCALHOST:1', '127.0.0.1:7400', '[::1]:80', 'ticks.example'])
      assert.equal(statusOf(here, { host }), 200, host)
    for (const host of ['evil.example', 'localhost.evil.example', '10.0.0.1', '127.0.0.1.evil', ''])
      assert.equal(statusOf(here, { host }), 421, host)
    assert.equal(statusOf(here, {}), 421)
  })

  test('off loopback is also under any address, which rebinding cannot give', () => {
    const authorization = `Bearer ${TOKEN}`
    for (const host of ['10.0.0.1:7400', '[fd00::1]:7400', 'localhost'])
      assert.equal(statusOf(abroad, { host, authorization }), 200, host)
    assert.equal(statusOf(abroad, { host: 'evil.example', authorization }), 421)
  })

  test('is not for pages of another origin', () => {
    const host = 'localhost:7400'
    assert.equal(statusOf(here, { host, origin: 'http://localhost:7400' }), 200)
    assert.equal(statusOf(here, { host: 'ticks.example', origin: 'https://ticks.example' }), 200)
    const others = [
      'http://localhost:7401',
      'http://evil.example',
      'null',
      'file://',
      'localhost:7400',
    ]
    for (const origin of others) assert.equal(statusOf(here, { host, origin }), 403, origin)
    for (const site of ['cross-site', 'same-site'])
      assert.equal(statusOf(here, { host, 'sec-fetch-site': site }), 403, site)
    for (const site of ['same-origin', 'none'])
      assert.equal(statusOf(here, { host, 'sec-fetch-site': site }), 200, site)
  })

  test('lets a link on another page lead to the page, and not to the API', () => {
    const followed = {
      host: 'localhost',
      'sec-fetch-site': 'cross-site',
      'sec-fetch-mode': 'navigate',
      'sec-fetch-dest': 'document',
    }
    assert.equal(statusOf(here, followed, { path: '/sql' }), 200)
    for (const path of ['/api/candles', '/udf/config', '/metrics'])
      assert.equal(statusOf(here, followed, { path }), 403, path)
    const framed = { ...followed, 'sec-fetch-dest': 'iframe' }
    assert.equal(statusOf(here, framed, { path: '/sql' }), 403)
  })

  test('takes JSON alone, which a form cannot send', () => {
    const host = 'localhost'
    const post = { method: 'POST', path: '/api/sql' }
    const typed = (type: string) => statusOf(here, { host, 'content-type': type }, post)
    assert.equal(typed('application/json; charset=utf-8'), 200)
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', ''])
      assert.equal(typed(type), 415, type)
    for (const method of ['PUT', 'DELETE', 'OPTIONS', 'PATCH'])
      assert.equal(statusOf(here, { host }, { method }), 405, method)
  })

  test('asks for the token, as a header or as the cookie of who has signed in', () => {
    const host = 'localhost'
    assert.equal(statusOf(abroad, { host }), 401)
    assert.equal(statusOf(abroad, { host, authorization: 'Bearer a token of some' }), 401)
    assert.equal(statusOf(abroad, { host, authorization: `Bearer ${TOKEN}` }), 200)
    const cookie = `other=1; ${COOKIE}=${sessionOf(TOKEN)}`
    assert.equal(statusOf(abroad, { host, cookie }), 200)
    assert.equal(statusOf(abroad, { host, cookie: `${COOKIE}=${TOKEN}` }), 401)
    assert.equal(statusOf(abroad, { host }, { path: '/healthz' }), 200)
    assert.equal(statusOf(abroad, { host }, { path: '/metrics' }), 401)
  })

  test('off loopback needs a token, and one that cannot be guessed', () => {
    const faulty = (host: string, token: string | null) =>
      assert.throws(
        () => accessOf({ host, hosts: [], token }),
        (error) => isFault(error, 'invalid'),
      )
    faulty('0.0.0.0', null)
    faulty('192.168.1.2', null)
    faulty('0.0.0.0', 'short')
    faulty('127.0.0.1', 'short')
  })
})
