import { useEffect, useMemo } from 'preact/hooks'
import { go, route } from '../route.ts'
import { status } from '../status.ts'
import { marketAsked } from './asked.ts'
import { Chart } from './chart/chart.tsx'
import { emptinessOf } from './emptiness.ts'
import { TradeTape } from './tape/trade-tape.tsx'
import { createList } from './watch/follow.ts'
import { WatchList } from './watch/watch-list.tsx'

/** A tape with fewer minutes of trades shows seconds at first: bars of a minute would be a single one. */
const YOUNG_MINUTES = 5

/** A symbol's chart, and beside it the watch list and the trades. `symbol`, `interval` and `at` are in the address. */
export function MarketPage() {
  const { symbol, interval, at } = marketAsked(route.value.params)
  const list = useMemo(createList, [])
  useEffect(() => {
    list.start()
    return list.stop
  }, [list])
  useEffect(() => list.keep(symbol), [list, symbol])
  // A symbol of the address keeps its chart: a server that has just begun knows no symbols for a moment.
  const isEmpty = symbol === null && list.total.value === 0 && list.found.value === ''
  const mostTraded = list.names.value[0]
  useEffect(() => {
    if (symbol !== null || mostTraded === undefined) return
    const minutes = list.line(mostTraded)?.peek().spark.length ?? 0
    const isYoung = minutes < YOUNG_MINUTES && !route.peek().params.has('interval')
    go('market', { symbol: mostTraded, ...(isYoung && { interval: '1s' }) }, { replace: true })
  }, [list, symbol, mostTraded])
  if (isEmpty) return <Nothing />
  return (
    <div class="market">
      <div class="market-chart">
        {symbol !== null && <Chart symbol={symbol} interval={interval} at={at} />}
      </div>
      <WatchList list={list} symbol={symbol} />
      {symbol !== null && <TradeTape symbol={symbol} />}
    </div>
  )
}

function Nothing() {
  const { title, text } = emptinessOf(status.value)
  return (
    <div class="panel market-nothing">
      <div class="empty">
        <p class="title">{title}</p>
        <p>{text}</p>
        <p>This page fills by itself with the first trade.</p>
      </div>
    </div>
  )
}
