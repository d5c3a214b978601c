import { join, resolve } from 'node:path'
import { Fault } from '../flow/fault.ts'
import { masked, pathIn } from './address.ts'
import { parseKafkaAddress, type KafkaAddress } from './kafka-address.ts'
import { lakePlaces, type CatalogPlace, type LakePlace } from './lake-places.ts'
import type { Loaded } from './load.ts'
import type { Settings } from './settings.ts'

/** Where trades come from. */
export type FeedAddress =
  | { readonly kind: 'finnhub' }
  | { readonly kind: 'simulator' }
  | { readonly kind: 'url'; readonly url: string }

/** Where the tape is; `address` is its text for logs and screens, without a secret. */
export type TapePlace =
  | { readonly kind: 'sqlite'; readonly dir: string; readonly address: string }
  | ({ readonly kind: 'kafka' } & KafkaAddress)

/** Where everything is, settled: paths are absolute. `lakeText` and `catalogText` are for logs and screens. */
export type Places = {
  /** What tape and lake are bound to. */
  readonly source: string
  /** The trades are made up: said on every screen. */
  readonly simulated: boolean
  readonly data: string
  readonly status: string
  readonly tape: TapePlace
  readonly lake: LakePlace
  readonly catalog: CatalogPlace
}

/** The feed of `record` and `up`. Simulated trades never go where somebody expects real ones. */
export function feedAddress({ settings }: Loaded): FeedAddress {
  const { feed, source } = settings
  const address = feed === null ? unnamedFeed(settings) : parseFeed(feed)
  if (address.kind === 'simulator' && source !== null && source !== 'simulator')
    throw new Fault('invalid', `simulated trades are of the source simulator, not of ${source}`, {
      remedy: 'Leave --source out, or name the feed with --feed or FINNHUB_TOKEN.',
    })
  return address
}

function unnamedFeed(settings: Settings): FeedAddress {
  if (settings['finnhub.token'] !== null) return { kind: 'finnhub' }
  const tape = isKafka(settings.tape) ? parseKafkaAddress(settings.tape).address : settings.tape
  const { lake, catalog } = settings
  const named = Object.entries({ tape, lake, catalog }).find(([, address]) => address !== null)
  if (named === undefined) return { kind: 'simulator' }
  throw new Fault(
    'invalid',
    `no feed: FINNHUB_TOKEN is not set, and ${named[0]} is ${masked(named[1])}, where simulated trades must not go`,
    { remedy: 'Set FINNHUB_TOKEN, or say --feed simulator if simulated trades are what you want.' },
  )
}

function parseFeed(address: string): FeedAddress {
  if (address === 'finnhub' || address === 'simulator') return { kind: address }
  const url = URL.canParse(address) ? new URL(address) : null
  if (url === null || (url.protocol !== 'ws:' && url.protocol !== 'wss:'))
    throw new Fault(
      'invalid',
      `feed takes finnhub, simulator or ws://host:port, not ${masked(address)}`,
      { remedy: 'Correct --feed or TICKLAKE_FEED.' },
    )
  if (url.search !== '' || url.username !== '' || url.password !== '')
    throw new Fault('invalid', "the feed's address carries a key, which would be printed", {
      remedy: 'Give the address alone, and the key by FINNHUB_TOKEN.',
    })
  return { kind: 'url', url: address }
}

/** `finnhub`, `simulator`, or host and port of another address, safe as a file name. */
export function sourceOf(feed: FeedAddress): string {
  if (feed.kind !== 'url') return feed.kind
  const { hostname, port, protocol } = new URL(feed.url)
  const host = hostname.replaceAll(/[^A-Za-z0-9._-]/g, '-').replace(/^[-.]+/, '')
  return `${host}-${port === '' ? (protocol === 'wss:' ? '443' : '80') : port}`
}

/** Trades of this source are made up. */
export const isSimulated = (source: string): boolean => source === 'simulator'

/** Every place that the settings name. Faults: `invalid` for an address that this version does not know. */
export function placesOf(loaded: Loaded): Places {
  const { settings, cwd } = loaded
  const source = settings.source ?? sourceOf(assumedFeed(loaded))
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/.test(source))
    throw new Fault(
      'invalid',
      `source takes letters, digits, dot, dash and underscore, not ${source}`,
      {
        remedy: 'Choose a shorter, plainer --source.',
      },
    )
  const data = resolve(cwd, settings.data ?? join('ticklake-data', source))
  return {
    source,
    simulated: isSimulated(source),
    data,
    status: join(data, 'status'),
    tape: tapePlace(loaded, data),
    ...lakePlaces(loaded, data),
  }
}

/** The tape for logs, screens and messages: the folder, or the canonical Kafka address. */
export const tapeText = ({ tape }: Places): string => tape.address

/** The folder of a tape on this machine. Faults: `bug` for a tape that is elsewhere. */
export function sqliteDir({ tape }: Places): string {
  if (tape.kind === 'sqlite') return tape.dir
  throw new Fault('bug', `the tape ${tape.address} is opened as a folder`, {
    remedy: 'Report this with the message and the stack.',
  })
}

function tapePlace({ settings: { tape }, cwd }: Loaded, data: string): TapePlace {
  if (isKafka(tape)) return { kind: 'kafka', ...parseKafkaAddress(tape) }
  const named = pathIn(tape, {
    setting: 'tape',
    scheme: 'sqlite',
    takes: 'sqlite:PATH or kafka://HOST:9092/TOPIC',
  })
  const dir = resolve(cwd, named ?? join(data, 'tape'))
  return { kind: 'sqlite', dir, address: dir }
}

const isKafka = (address: string | null): address is string =>
  address !== null && /^kafka:/i.test(address)

/** For commands that open no feed: the one that `record` would have, or had its key been set. */
function assumedFeed(loaded: Loaded): FeedAddress {
  const { feed, tape, lake, catalog } = loaded.settings
  if (feed !== null) return parseFeed(feed)
  if (loaded.settings['finnhub.token'] !== null) return { kind: 'finnhub' }
  return { kind: tape === null && lake === null && catalog === null ? 'simulator' : 'finnhub' }
}
