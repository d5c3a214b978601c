import { request as httpRequest } from 'node:http'
import { request as httpsRequest } from 'node:https'
import type { Parts } from '../config/components.ts'
import { feedAddress } from '../config/places.ts'
import type { Outcome } from './outcome.ts'

const TIMEOUT_MS = 10_000
/** A clock that is off by more than this is worth a word; recording refuses at an hour. */
const CLOCK_WARN_MS = 5000

/**
 * Reaches the feed's host without a key and without a WebSocket: a second connection with a key that is in
 * use would drop both. Also compares our clock with the host's Date header.
 */
export async function feedReach(parts: Parts, signal: AbortSignal): Promise<Outcome> {
  const address = feedAddress(parts.loaded)
  if (address.kind === 'simulator') return { word: 'skip', says: 'simulated: nothing to reach' }
  const { FINNHUB_URL } = await import('../feed/finnhub.ts')
  const url = new URL(address.kind === 'finnhub' ? FINNHUB_URL : address.url)
  const began = parts.clock.now()
  const { date, failure } = await headOf(url, signal)
  if (failure !== null)
    return {
      word: 'fail',
      says: `${url.host} cannot be reached: ${failure}`,
      remedy: 'Check the network, a proxy or a firewall, and the feed’s address.',
    }
  const offMs = date === null ? 0 : Math.abs(Date.parse(date) - began)
  if (offMs > CLOCK_WARN_MS)
    return {
      word: 'warn',
      says: `${url.host} answers; our clock differs from its by ${Math.round(offMs / 1000)} s`,
      remedy: 'Set the clock (NTP): trade times are compared with it.',
    }
  return { word: 'ok', says: `${url.host} answers${date === null ? '' : ', and the clocks agree'}` }
}

function headOf(
  url: URL,
  signal: AbortSignal,
): Promise<{ date: string | null; failure: string | null }> {
  const request = url.protocol === 'wss:' ? httpsRequest : httpRequest
  const target = new URL(url.href.replace(/^ws/, 'http'))
  return new Promise((resolve) => {
    const limit = AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)])
    const asked = request(target, { method: 'HEAD', signal: limit }, (response) => {
      response.resume()
      resolve({ date: response.headers.date ?? null, failure: null })
    })
    asked.on('error', (error) => resolve({ date: null, failure: error.message }))
    asked.end()
  })
}
