import type { WebSocket } from 'ws'
import type { Clock } from '../../flow/clock.ts'
import type { Logger } from '../../flow/log.ts'
import type { Metrics } from '../../flow/metrics.ts'
import type { Asked, Told } from '../contract/live.ts'
import { heard } from './asked.ts'
import { createPage, type Page } from './page.ts'
import type { Strip } from './strip.ts'
import { keyOf, type TopicKey, type Topics } from './topics.ts'

/** Pages at once: the screens of a trading floor; each costs at most what it may have unread. */
const PAGES_MAX = 200
/** A page is pinged every so many batches: every 15 s. */
const PING_BATCHES = 150

/** A page and what it asked for. */
export type Reader = {
  readonly page: Page
  readonly keys: Map<Asked['kind'], TopicKey>
  /** What it said since the last batch, the last of each kind. */
  readonly said: Map<Asked['kind'], Asked>
}

export type Readers = {
  connect(socket: WebSocket): void
  /** Tells each page its batch. */
  turn(batch: number): void
  close(code: number, reason: string): void
}

export type ReadersOptions = {
  readonly clock: Clock
  readonly topics: Topics<Reader>
  readonly strip: Strip
  readonly metrics: Metrics
  readonly log: Logger
}

export function createReaders({ clock, topics, strip, metrics, log }: ReadersOptions): Readers {
  const readers = new Set<Reader>()
  const count = () => metrics.set('ticklake_page_clients', readers.size)
  metrics.add('ticklake_page_batches_dropped_total', 0)
  metrics.add('ticklake_page_clients_ended_total', 0)
  count()

  const tell = (reader: Reader, texts: readonly Buffer[]) => {
    if (texts.length > 0 && !reader.page.tell(texts))
      metrics.add('ticklake_page_batches_dropped_total', 1)
  }
  const look = (reader: Reader) => {
    const found = reader.page.look()
    if (found.kind === 'stuck') metrics.add('ticklake_page_clients_ended_total', 1)
    if (found.kind !== 'again') return
    const { dropped } = found
    const behind = JSON.stringify({ kind: 'behind', dropped } satisfies Told)
    const whole = [...reader.keys.values()].flatMap(topics.whole)
    tell(reader, buffersOf([behind, ...strip.whole(), ...whole]))
  }
  // Once a batch, so that no page, whatever it says, has more asked of the lake than ten times a second.
  const answer = (reader: Reader) => {
    for (const [kind, asked] of reader.said) {
      const [key, before] = [keyOf(asked), reader.keys.get(kind)]
      if (key === null) reader.keys.delete(kind)
      else {
        reader.keys.set(kind, key)
        tell(reader, buffersOf(topics.join(key, reader)))
      }
      if (before !== undefined && before.id !== key?.id) topics.leave(before, reader)
    }
    reader.said.clear()
  }
  const gone = (reader: Reader) => {
    readers.delete(reader)
    for (const key of reader.keys.values()) topics.leave(key, reader)
    reader.keys.clear()
    reader.said.clear()
    count()
  }
  return {
    connect: (socket) => {
      socket.on('error', (error) => log('debug', 'a page went away', { error: error.message }))
      const page = createPage(socket, clock)
      if (readers.size >= PAGES_MAX) return page.close(1013, `${PAGES_MAX} pages are open already`)
      const reader: Reader = { page, keys: new Map(), said: new Map() }
      readers.add(reader)
      count()
      socket.on('message', (bytes: Buffer, isBinary: boolean) => {
        const found = isBinary ? { refused: 'say it as text' } : heard(bytes.toString())
        if ('refused' in found) page.close(1008, found.refused)
        else reader.said.set(found.asked.kind, found.asked)
      })
      socket.on('close', () => gone(reader))
      tell(reader, buffersOf(strip.whole()))
    },
    turn: (batch) => {
      for (const reader of readers) {
        if (batch % PING_BATCHES === 0) reader.page.ping()
        look(reader)
        answer(reader)
      }
      const batches = [{ readers, texts: strip.batch(readers.size > 0) }, ...topics.batches()]
      for (const [reader, buffers] of byReader(batches)) tell(reader, buffers)
    },
    close: (code, reason) => {
      for (const { page } of readers) page.close(code, reason)
    },
  }
}

/** What each reader is told, each text being turned into bytes once. */
function byReader(batches: Iterable<Batch>): ReadonlyMap<Reader, readonly Buffer[]> {
  const told = new Map<Reader, Buffer[]>()
  for (const { readers, texts } of batches) {
    if (texts.length === 0) continue
    const buffers = buffersOf(texts)
    for (const reader of readers) {
      const mine = told.get(reader)
      if (mine === undefined) told.set(reader, [...buffers])
      else mine.push(...buffers)
    }
  }
  return told
}

type Batch = { readonly readers: Iterable<Reader>; readonly texts: readonly string[] }

const buffersOf = (texts: readonly string[]): Buffer[] => texts.map((text) => Buffer.from(text))
