import { parseBarWidth } from '../../market/candles.ts'
import type { Asked } from '../contract/live.ts'
import { createBars } from './bars.ts'
import type { Asker } from './seeding.ts'
import type { Fresh, Topic, TradeTopic } from './topic.ts'
import { createAllTrades, createTrades } from './trades.ts'
import type { Watch } from './watch.ts'

/** What a page asked for; who asks for the same has the same id. */
export type TopicKey = { readonly id: string; readonly asked: Asked }

/** Null: it ends what was asked. */
export function keyOf(asked: Asked): TopicKey | null {
  if (asked.kind === 'list')
    return asked.symbols.length === 0 ? null : { id: `list ${asked.symbols.join('\0')}`, asked }
  if (asked.symbol === null) return null
  const interval = asked.kind === 'bars' ? `${asked.interval} ` : ''
  return { id: `${asked.kind} ${interval}${asked.symbol}`, asked }
}

type Open<Reader> = { readonly topic: Topic; readonly readers: Set<Reader> }

/** What the pages ask for, each made once while anybody reads it. */
export type Topics<Reader> = Disposable & {
  /** What the reader is told first. */
  join(key: TopicKey, reader: Reader): readonly string[]
  leave(key: TopicKey, reader: Reader): void
  whole(key: TopicKey): readonly string[]
  batches(): Iterable<{ readonly readers: Iterable<Reader>; readonly texts: readonly string[] }>
  take(fresh: Fresh): void
  reset(): void
}

export function createTopics<Reader>({
  asker,
  watch,
}: {
  readonly asker: Asker
  readonly watch: Watch
}): Topics<Reader> {
  const open = new Map<string, Open<Reader>>()
  const all = createAllTrades()
  const bySymbol = createBySymbol()
  const create = ({ asked }: TopicKey): Topic => {
    if (asked.kind === 'list') return watch.list(asked.symbols)
    const symbol = asked.symbol ?? ''
    if (asked.kind === 'trades' && symbol === '') {
      all.batch() // told to nobody: a page that comes now is told what is recent
      return { ...all, [Symbol.dispose]: () => undefined }
    }
    const topic =
      asked.kind === 'trades'
        ? createTrades(symbol, asker)
        : createBars({ symbol, interval: asked.interval, width: widthOf(asked.interval), asker })
    return bySymbol.with(symbol, topic)
  }
  return {
    join: (key, reader) => {
      let entry = open.get(key.id)
      if (entry === undefined)
        open.set(key.id, (entry = { topic: create(key), readers: new Set() }))
      entry.readers.add(reader)
      return entry.topic.whole()
    },
    leave: ({ id }, reader) => {
      const entry = open.get(id)
      entry?.readers.delete(reader)
      if (entry?.readers.size !== 0) return
      open.delete(id)
      entry.topic[Symbol.dispose]()
    },
    whole: ({ id }) => open.get(id)?.topic.whole() ?? [],
    batches: () =>
      [...open.values()].map(({ topic, readers }) => ({ readers, texts: topic.batch() })),
    take: (fresh) => {
      all.take(fresh)
      bySymbol.take(fresh)
    },
    reset: bySymbol.reset,
    [Symbol.dispose]: () => {
      for (const { topic } of open.values()) topic[Symbol.dispose]()
      open.clear()
    },
  }
}

const widthOf = (interval: string) => parseBarWidth(interval) ?? 'day'

/** Gives each run's trades to whoever asked for their symbol; all others cost a look at their id. */
function createBySymbol() {
  const wanted = new Map<string, Set<TradeTopic>>()
  let names: readonly string[] | null = null
  let byId: (Gathered | null)[] = []
  const gatherers = new Map<string, Gathered>()
  const gathererOf = (symbols: readonly string[], id: number): Gathered | null => {
    const known = byId[id]
    if (known !== undefined) return known
    const found = gatherers.get(symbols[id] ?? '') ?? null
    byId[id] = found
    return found
  }
  const change = (symbol: string, topic: TradeTopic, isIn: boolean) => {
    const topics = wanted.get(symbol) ?? new Set()
    if (isIn) topics.add(topic)
    else topics.delete(topic)
    if (topics.size === 0) wanted.delete(symbol)
    else wanted.set(symbol, topics)
    gatherers.clear()
    for (const [name, takers] of wanted) gatherers.set(name, { takers, rows: [] })
    names = null
  }
  return {
    with: (symbol: string, topic: TradeTopic): Topic => {
      change(symbol, topic, true)
      return {
        ...topic,
        [Symbol.dispose]: () => {
          change(symbol, topic, false)
          topic[Symbol.dispose]()
        },
      }
    },
    take: ({ trades, rows }: Fresh) => {
      if (gatherers.size === 0) return
      if (trades.symbols !== names) [names, byId] = [trades.symbols, []]
      const found = new Set<Gathered>()
      for (const row of rows) {
        const gathered = gathererOf(trades.symbols, trades.symbol[row] ?? 0)
        if (gathered === null) continue
        gathered.rows.push(row)
        found.add(gathered)
      }
      for (const gathered of found) {
        const mine = gathered.rows
        gathered.rows = []
        for (const topic of gathered.takers) topic.take({ trades, rows: mine })
      }
    },
    reset: () => {
      for (const topics of wanted.values()) for (const topic of topics) topic.reset()
    },
  }
}

type Gathered = { readonly takers: ReadonlySet<TradeTopic>; rows: number[] }
