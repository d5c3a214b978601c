import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import type { Status } from '../../../src/serve/contract/status.ts'
import { Icon } from '../shell/icon.tsx'
import { serverNow, status } from '../status.ts'
import { marksOf, showGaps, stagesOf, type Figure, type Stage } from './figures.ts'
import { GapsToday } from './gaps-today.tsx'
import { standing } from './standing.ts'
import { LOOKS } from './words.ts'

/** How the recorder is, on every page: a word and a sentence, then the way of a trade with its numbers. */
export function Strip(): JSX.Element {
  const now = status.value
  return (
    <section class="strip" aria-label="Recorder">
      <StateLine status={now} />
      {now !== null && <Stages status={now} />}
      {now !== null && now.landing_stopped !== null && (
        <div class="note bad strip-alert" role="alert">
          <strong>Landing has stopped: {now.landing_stopped.message}</strong>
          <span class="remedy">{now.landing_stopped.remedy}</span>
        </div>
      )}
    </section>
  )
}

function StateLine({ status }: { status: Status | null }): JSX.Element {
  const { name, sentence } = standing.value
  const { tone, icon } = LOOKS[name]
  return (
    <div class="state">
      <p class="state-words">
        <strong class={`chip ${tone}`}>
          <Icon name={icon} size={12} />
          {name}
        </strong>
        <span class="state-sentence">{sentence}</span>
      </p>
      {status !== null && <Today status={status} />}
    </div>
  )
}

/** What is missing today, or was sent again. */
function Today({ status }: { status: Status }): JSX.Element {
  const [isOpen, setOpen] = useState(false)
  const { gaps_today: gaps, tape } = status
  return (
    <div class="today">
      <span class="muted">Today</span>
      {marksOf(tape).map(({ tone, icon, text, about }) => (
        <span key={text} class={`chip ${tone}`} title={about}>
          <Icon name={icon} size={12} />
          {text}
        </span>
      ))}
      <button
        type="button"
        class={`quiet gaps-button ${gaps.count > 0 ? 'warn' : ''}`}
        aria-haspopup="dialog"
        title="Stretches of which trades may be missing, and why"
        onClick={() => setOpen(true)}
      >
        {gaps.count > 0 && <Icon name="gap" size={14} />}
        {showGaps(gaps)}
      </button>
      {isOpen && <GapsToday gaps={gaps} close={() => setOpen(false)} />}
    </div>
  )
}

function Stages({ status }: { status: Status }): JSX.Element {
  return (
    <div class="stages-scroll scroll" role="region" aria-label="From feed to query" tabindex={0}>
      <ol class="stages" role="list">
        {stagesOf(status, serverNow.value).map((stage) => (
          <StageView key={stage.name} stage={stage} />
        ))}
      </ol>
    </div>
  )
}

function StageView({ stage }: { stage: Stage }): JSX.Element {
  return (
    <li class="stage">
      <h2>{stage.name}</h2>
      <dl>
        {stage.figures.map((figure) => (
          <FigureView key={figure.label} figure={figure} />
        ))}
      </dl>
    </li>
  )
}

function FigureView({ figure }: { figure: Figure }): JSX.Element {
  const { label, value, about, tone, share } = figure
  return (
    <div title={about}>
      <dt>{label}</dt>
      <dd class={`num ${tone ?? ''}`}>
        {value}
        {share !== undefined && (
          <span class="fill" aria-hidden="true">
            <span style={{ width: `${Math.min(1, Math.max(0, share)) * 100}%` }} />
          </span>
        )}
      </dd>
    </div>
  )
}
