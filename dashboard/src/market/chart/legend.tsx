import type { Interval } from '../../../../src/serve/contract/market.ts'
import { showCount, showPercentChange, showPrice, showVolume } from '../../format.ts'
import type { Zone } from '../../zone.ts'
import type { Slot } from './slots.ts'
import { ARROWS, directionOf, SESSION_WORDS, whenText } from './wording.ts'

export type LegendProps = {
  readonly symbol: string
  readonly interval: Interval
  readonly zone: Zone
  readonly slot: Slot | null
  /** When what is shown was so, where it is not of now. */
  readonly asOf: string | null
}

/** The numbers of one bar: under the crosshair, else the last. */
export function Legend({ symbol, interval, zone, slot, asOf }: LegendProps) {
  const bar = slot?.bar ?? null
  return (
    <p class="chart-legend">
      <strong>{symbol}</strong>
      {asOf !== null && <span class="chart-as-of">as of {asOf}</span>}
      {slot !== null && <span>{whenText(slot.time * 1000, interval, zone)}</span>}
      {slot !== null && interval !== '1d' && <span>{SESSION_WORDS[slot.session]}</span>}
      {slot !== null && bar === null && <span class="chart-none">gap: nothing recorded</span>}
      {bar !== null && <Numbers bar={bar} />}
    </p>
  )
}

function Numbers({ bar }: { readonly bar: NonNullable<Slot['bar']> }) {
  const direction = directionOf(bar)
  const { open, close } = bar
  const change = open === null || close === null ? null : ((close - open) / open) * 100
  return (
    <>
      {direction === null ? (
        <span class="chart-none">no trade that sets a price</span>
      ) : (
        <>
          <Number name="Open" short="O" text={showPrice(open)} />
          <Number name="High" short="H" text={showPrice(bar.high)} />
          <Number name="Low" short="L" text={showPrice(bar.low)} />
          <Number name="Close" short="C" text={showPrice(close)} />
          <span class={`chart-move is-${direction}`}>
            {ARROWS[direction]} {direction} {showPercentChange(change)}
          </span>
        </>
      )}
      <Number name="Volume" short="V" text={showVolume(bar.volume)} />
      <Number name="Trades" short="T" text={showCount(bar.trades)} />
    </>
  )
}

function Number({ name, short, text }: { name: string; short: string; text: string }) {
  return (
    <span title={name}>
      <abbr title={name}>{short}</abbr> {text}
    </span>
  )
}
