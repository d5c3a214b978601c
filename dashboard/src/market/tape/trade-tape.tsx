import { useSignal, type Signal } from '@preact/signals'
import { useEffect, useLayoutEffect, useRef } from 'preact/hooks'
import { showCount } from '../../format.ts'
import { useKeys } from '../../keys.ts'
import { announce } from '../../notice.ts'
import { go, route } from '../../route.ts'
import type { Following } from './follow.ts'
import { TapeTable } from './tape-table.tsx'
import { TipHolder } from './tip.tsx'
import { useTape } from './use-tape.ts'

/** The trades of the symbol, or of all, as they come: the newest on top. */
export function TradeTape({ symbol }: { symbol: string }) {
  const isAll = route.value.params.get('tape') === 'all'
  const following = useTape(isAll ? '' : symbol)
  const paused = useSignal(false)
  const away = useSignal(false)
  const box = useRef<HTMLDivElement>(null)
  const isHeld = useHold(following, { paused, away })
  useEffect(() => {
    paused.value = false
  }, [symbol, isAll, paused])
  const resume = () => {
    const came = following?.tape.fresh() ?? 0
    paused.value = false
    away.value = false
    if (box.current?.contains(document.activeElement) === true) box.current.focus()
    box.current?.scrollTo({ top: 0 })
    announce(`Trade tape goes on, ${showCount(came)} new`)
  }
  const pause = () => {
    paused.value = true
    announce('Trade tape paused')
  }
  const toggle = isHeld ? resume : pause
  useKeys([{ keys: 'Space', does: 'Pause the trade tape, or go on', run: toggle }])
  return (
    <section class="panel tape" aria-labelledby="tape-heading">
      <header class="panel-head tape-head">
        <h2 id="tape-heading">Trades</h2>
        <Scope symbol={symbol} isAll={isAll} />
        <div class="tools">
          {' '}
          <span class="tape-state">
            {isHeld && `${showCount(following?.tape.fresh() ?? 0)} new`}
          </span>
          <button
            type="button"
            class="tape-pause"
            aria-keyshortcuts="Space"
            title={isHeld ? 'Go on (Space)' : 'Pause (Space)'}
            onClick={toggle}
          >
            <span aria-hidden="true">{isHeld ? '▶' : '❚❚'}</span> {isHeld ? 'Resume' : 'Pause'}
          </button>
        </div>{' '}
      </header>
      <TipHolder>
        {following !== null && (
          <TapeTable
            box={box}
            following={following}
            symbol={isAll ? '' : symbol}
            onAway={(isAway) => (away.value = isAway)}
          />
        )}
      </TipHolder>
    </section>
  )
}

type Reasons = { readonly paused: Signal<boolean>; readonly away: Signal<boolean> }

/** Held while paused, and while the reader is further down or on a chip: what is read must not move away. */
function useHold(following: Following | null, { paused, away }: Reasons): boolean {
  const isHeld = paused.value || away.value
  const redraw = useSignal(0)
  useLayoutEffect(() => {
    if (following === null || following.tape.held() === isHeld) return
    if (isHeld) following.tape.hold()
    else following.tape.release()
    redraw.value++
  }, [following, isHeld, redraw])
  void redraw.value
  return isHeld
}

function Scope({ symbol, isAll }: { symbol: string; isAll: boolean }) {
  const choose = (tape: string | null) => go('market', { tape }, { replace: true })
  return (
    <div class="group" role="group" aria-label="Trades of">
      <button type="button" aria-pressed={!isAll} title={symbol} onClick={() => choose(null)}>
        <span class="tape-scope">{symbol}</span>
      </button>
      <button type="button" aria-pressed={isAll} onClick={() => choose('all')}>
        All
      </button>
    </div>
  )
}
