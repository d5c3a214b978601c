import { parseBarWidth } from '../../market/candles.ts'
import { Asked } from '../contract/live.ts'

/** What a page said, or in words why it cannot be taken. */
export type Heard = { readonly asked: Asked } | { readonly refused: string }

export function heard(text: string): Heard {
  const parsed = Asked.safeParse(jsonOf(text))
  if (!parsed.success) {
    const [issue] = parsed.error.issues
    const where = issue === undefined || issue.path.length === 0 ? '' : `${issue.path.join('.')}: `
    return { refused: `no message that the stream knows: ${where}${issue?.message ?? ''}` }
  }
  const asked = parsed.data
  if (asked.kind === 'bars' && parseBarWidth(asked.interval) === null)
    return { refused: 'interval: write a number of s, m or h, as in 30s, 5m, 1h, or 1d' }
  if (asked.kind !== 'list' && asked.symbol?.includes('\0') === true)
    return { refused: 'symbol: no symbol has a NUL in it' }
  return { asked }
}

/** Undefined: it is no JSON. */
function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
