import { status } from '../../status.ts'
import type { Model } from './model.ts'
import type { Source } from './source.ts'

/** What stands where there is nothing to draw: why, and what to do. */
export function Instead({ model }: { readonly model: Model | null }) {
  if (model === null || model.source.span.value === null)
    return model?.source.fault.value ? null : <Skeleton />
  const { symbol, interval } = model.source.asked
  if (!model.source.isLive.value)
    return (
      <div class="chart-instead empty">
        <p class="title">No bars of {symbol} by then</p>
        <p>Nothing of it was recorded up to the time that you asked for. Choose a later one.</p>
      </div>
    )
  const isConnected = status.value?.feed.connected === true
  return (
    <div class="chart-instead empty">
      <p class="title">No bars of {symbol} yet</p>
      <p>
        {interval === '1d'
          ? 'A day has a bar from its first trade of the regular session on. Shorter bars show the other sessions too.'
          : 'No trade of it was recorded that counts for a bar.'}{' '}
        {isConnected
          ? 'The first one will appear here by itself.'
          : 'The recorder is not connected: the line above says why.'}
      </p>
    </div>
  )
}

function Skeleton() {
  return (
    <div class="chart-instead chart-skeleton" role="status">
      <span class="hidden-text">Loading bars</span>
      {[38, 52, 46, 61, 55, 70, 64, 58, 73, 66, 60, 49].map((height, i) => (
        <i key={i} style={{ height: `${height}%` }} />
      ))}
    </div>
  )
}

/** Why a question has no answer. */
export function Trouble({ source }: { readonly source: Source }) {
  const fault = source.fault.value
  if (fault === null) return null
  return (
    <div class="chart-trouble note bad" role="alert">
      <span>
        {source.span.value === null ? 'No bars' : 'Some bars may be missing or old'}:{' '}
        {fault.message}
      </span>
      <button type="button" onClick={source.retry}>
        Try again
      </button>
      <span class="remedy">{fault.remedy}</span>
    </div>
  )
}
