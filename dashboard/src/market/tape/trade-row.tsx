import type { Condition, Trade } from '../../../../src/serve/contract/market.ts'
import { showCount, showPrice, showVolume } from '../../format.ts'
import { go } from '../../route.ts'
import { showTime } from '../../zone.ts'
import { Conditions } from './condition-chip.tsx'
import { missedSql, missedText } from './missed.ts'
import { QueryLink } from './query-link.tsx'
import type { Missed, Row, Tick } from './row.ts'

const TICKS = {
  up: { sign: '▲', word: 'up' },
  down: { sign: '▼', word: 'down' },
  same: { sign: '=', word: 'same' },
} as const
const SESSIONS = { pre: 'pre', regular: '', post: 'post', continuous: '' } as const

export type Columns = {
  /** The followed symbol; '': all, and a column says which. */
  readonly symbol: string
  readonly known: ReadonlyMap<string, Condition>
}

export const countOfColumns = ({ symbol }: Columns): number => (symbol === '' ? 6 : 5)

/** A line of the trade tape. `index` is its place in the whole table, for screen readers. */
export function TapeRow({ row, index, columns }: { row: Row; index: number; columns: Columns }) {
  if (row.kind === 'trade')
    return <TradeRow trade={row.trade} tick={row.tick} index={index} columns={columns} />
  return (
    <NoteRow index={index} columns={columns}>
      {row.kind === 'more' ? (
        `… ${showCount(row.count)} more came`
      ) : (
        <MissedNote missed={row.missed} symbol={columns.symbol} />
      )}
    </NoteRow>
  )
}

type TradeLine = { trade: Trade; tick: Tick; index: number; columns: Columns }

function TradeRow({ trade, tick, index, columns }: TradeLine) {
  const { symbol, price, volume, conditions, session } = trade
  return (
    <tr
      aria-rowindex={index}
      class={tick === null ? undefined : `tape-${tick}`}
      data-trade={trade.id}
    >
      <td class="tape-time">{showTime(Date.parse(trade.ts), 'millis')}</td>
      {columns.symbol === '' && (
        <td class="tape-symbol">
          <button
            type="button"
            class="tape-pick"
            data-stop
            tabindex={-1}
            title={symbol}
            onClick={(event) => pick(event, symbol)}
          >
            {symbol}
          </button>
        </td>
      )}
      <td class="tape-price">
        <TickSign tick={tick} />
        {showPrice(price)}
      </td>
      <td class="tape-size" title={String(volume)}>
        {showVolume(volume)}
      </td>
      <td class="tape-conditions">
        <Conditions text={conditions} known={columns.known} />
      </td>
      <td class="tape-session">
        {SESSIONS[session]}
        {SESSIONS[session] === '' && <span class="hidden-text">{session}</span>}
      </td>
    </tr>
  )
}

function pick(event: MouseEvent, symbol: string): void {
  go('market', { symbol })
  // A click leaves the focus on what was clicked, and the tape is held while the focus is on a row.
  const isPointer = event.detail > 0
  if (isPointer && event.currentTarget instanceof HTMLElement) event.currentTarget.blur()
}

function TickSign({ tick }: { tick: Tick }) {
  if (tick === null) return <span class="tape-tick" />
  const { sign, word } = TICKS[tick]
  return (
    <span class="tape-tick">
      <span aria-hidden="true">{sign}</span>
      <span class="hidden-text">{word} </span>
    </span>
  )
}

type Note = { index: number; columns: Columns; children: preact.ComponentChildren }

function NoteRow({ index, columns, children }: Note) {
  return (
    <tr aria-rowindex={index} class="tape-note">
      <td colSpan={countOfColumns(columns)}>
        <div>{children}</div>
      </td>
    </tr>
  )
}

function MissedNote({ missed, symbol }: { missed: Missed; symbol: string }) {
  const text = missedText(missed)
  return (
    <>
      <span class="tape-missed" title={text}>
        <span aria-hidden="true">⚠ </span>
        {text}
      </span>{' '}
      <QueryLink sql={missedSql(missed, symbol)} isStop>
        Query them
      </QueryLink>
    </>
  )
}
