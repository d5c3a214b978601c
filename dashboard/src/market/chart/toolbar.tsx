import type { Interval } from '../../../../src/serve/contract/market.ts'
import { zoneLabel, type Zone } from '../../zone.ts'
import { INTERVAL_WORDS, momentOfInput } from './wording.ts'

/** In the order of the keys 1 to 7. */
export const CHOICES = [
  '1s',
  '5s',
  '1m',
  '5m',
  '15m',
  '1h',
  '1d',
] as const satisfies readonly Interval[]

export type ToolbarProps = {
  readonly interval: Interval
  readonly zone: Zone
  readonly isTable: boolean
  readonly choose: (interval: Interval) => void
  readonly goTo: (ms: number) => void
  readonly query: () => void
  readonly toggleTable: () => void
}

export function Toolbar(props: ToolbarProps) {
  const { interval, zone, isTable } = props
  return (
    <div class="chart-toolbar" role="group" aria-label="Chart">
      <Intervals interval={interval} choose={props.choose} />
      <GoTo key={`${interval} ${zone}`} interval={interval} zone={zone} goTo={props.goTo} />
      <button type="button" aria-pressed={isTable} onClick={props.toggleTable}>
        As table
      </button>
      <button type="button" onClick={props.query}>
        Query this
      </button>
      <span class="chart-zone">
        {interval === '1d' ? 'Trading dates' : `${zoneLabel(zone)} time`}
      </span>
    </div>
  )
}

function Intervals({ interval, choose }: Pick<ToolbarProps, 'interval' | 'choose'>) {
  return (
    <fieldset class="chart-intervals">
      <legend class="hidden-text">Width of a bar</legend>
      {CHOICES.map((choice, i) => (
        <label key={choice} title={`${INTERVAL_WORDS[choice]} (key ${i + 1})`}>
          <input
            type="radio"
            name="interval"
            value={choice}
            checked={choice === interval}
            aria-label={INTERVAL_WORDS[choice]}
            onChange={() => choose(choice)}
          />
          <span>{choice}</span>
        </label>
      ))}
    </fieldset>
  )
}

function GoTo({ interval, zone, goTo }: Pick<ToolbarProps, 'interval' | 'zone' | 'goTo'>) {
  const isDaily = interval === '1d'
  const label = isDaily ? 'Go to date' : `Go to time, ${zoneLabel(zone)}`
  const submit = (event: SubmitEvent) => {
    event.preventDefault()
    const { currentTarget: form } = event
    if (!(form instanceof HTMLFormElement)) return
    const text = new FormData(form).get('at')
    const ms = typeof text === 'string' ? momentOfInput(text, interval, zone) : null
    if (ms !== null) goTo(ms)
  }
  return (
    <form class="chart-go-to" onSubmit={submit}>
      <input
        type={isDaily ? 'date' : 'datetime-local'}
        name="at"
        step={interval === '1s' || interval === '5s' ? 1 : 60}
        aria-label={label}
        title={label}
        required
      />
      <button type="submit">Go</button>
    </form>
  )
}
