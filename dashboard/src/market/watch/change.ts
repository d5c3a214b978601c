import { showPrice } from '../../format.ts'

const CENTS = 2

/** A change with its sign and as many places as the price has: '+0.18', '−0.0001'. */
export function changeText(change: number, price: number | null): string {
  const places = Math.max(CENTS, showPrice(price).split('.')[1]?.length ?? 0)
  const size = Math.abs(change).toLocaleString('en-US', {
    minimumFractionDigits: places,
    maximumFractionDigits: places,
  })
  if (!/[1-9]/.test(size)) return size
  return `${change > 0 ? '+' : '−'}${size}`
}
