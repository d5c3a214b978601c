import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import { createModel, type Model } from './model.ts'
import { createSource, type SourceAsked } from './source.ts'

/** The model of what is asked; null until the first look at the page is over. */
export function useModel({ symbol, interval, atMs }: SourceAsked): Model | null {
  const held = useSignal<Model | null>(null)
  useEffect(() => {
    const asked = { symbol, interval, atMs }
    const old = held.peek()
    if (old !== null && serves(old, asked)) return
    old?.source.close()
    held.value = createModel(createSource(asked))
  }, [held, symbol, interval, atMs])
  useEffect(() => () => held.peek()?.source.close(), [held])
  const model = held.value
  const isOf = model?.source.asked.symbol === symbol && model.source.asked.interval === interval
  return isOf ? model : null
}

/** A moment that is loaded needs no other source. */
function serves({ source }: Model, { symbol, interval, atMs }: SourceAsked): boolean {
  if (source.asked.symbol !== symbol || source.asked.interval !== interval) return false
  if (atMs === null) return source.isLive.peek()
  const span = source.span.peek()
  return span !== null && atMs >= span.fromMs && atMs < span.toMs
}
