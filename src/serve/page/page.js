/** Asks /api/summary each second and shows it. Text from the feed only ever goes in by textContent. */

const EVERY_MS = 1000
const ZONE = Intl.DateTimeFormat().resolvedOptions().timeZone
const clock = new Intl.DateTimeFormat('en-GB', {
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  fractionalSecondDigits: 3,
})
const clockShort = new Intl.DateTimeFormat('en-GB', {
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
})
const clockWide = matchMedia('(min-width: 40rem)')
const date = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short', year: 'numeric' })
const count = new Intl.NumberFormat('en-US')
const decimals = new Intl.NumberFormat('en-US', { maximumFractionDigits: 8 })
const price = new Intl.NumberFormat('en-US', { minimumFractionDigits: 2, maximumFractionDigits: 8 })

const element = (id) => document.getElementById(id)
const say = (id, text, small) => {
  const target = element(id)
  target.textContent = text
  if (small === undefined) return
  const line = document.createElement('small')
  line.textContent = small
  target.append(line)
}

/** Rows of cells as table rows; a cell is text, or [text, class]. */
const fill = (id, rows) => {
  const lines = rows.map((cells) => {
    const row = document.createElement('tr')
    for (const cell of cells) {
      const [text, kind] = Array.isArray(cell) ? cell : [cell, '']
      const box = document.createElement('td')
      box.textContent = text
      if (kind !== '') box.className = kind
      row.append(box)
    }
    return row
  })
  element(id).replaceChildren(...lines)
}

const span = (seconds) => {
  if (seconds < 1) return `${Math.round(seconds * 1000)} ms`
  if (seconds < 10) return `${seconds.toFixed(1)} s`
  if (seconds < 120) return `${Math.round(seconds)} s`
  if (seconds < 7200) return `${Math.round(seconds / 60)} min`
  return `${Math.round(seconds / 3600)} h`
}
const time = (text, format) => format.format(new Date(text))
/** With its date where that is not today's. */
const moment = (text, now) => {
  const day = (at) => date.format(new Date(at))
  return `${day(text) === day(now) ? '' : `${day(text)} `}${time(text, clockShort)}`
}

function show(summary) {
  const { state, tape, lake, gaps_today: gaps } = summary
  const now = Date.parse(summary.as_of)
  element('state').className = `state ${state.name.toLowerCase().replace(' ', '-')}`
  say('state-name', state.name)
  say('state-sentence', state.sentence)
  document.title = `${state.name} · ticklake`
  say('recorded', count.format(tape.records))
  say('rate', summary.trades_per_second.toFixed(1))
  say(
    'lag',
    lake.lag_seconds === null ? '–' : span(lake.lag_seconds),
    lake.lag_records === null ? 'nothing landed yet' : `${count.format(lake.lag_records)} records`,
  )
  const { last_commit: commit } = lake
  const lands = summary.parts.some(({ part }) => part === 'land')
  say(
    'commit',
    commit === null ? '–' : `${span((now - Date.parse(commit.at)) / 1000)} ago`,
    commit === null
      ? lands
        ? 'none yet'
        : 'no lander is running'
      : `${count.format(commit.rows)} rows`,
  )
  say('gaps', count.format(gaps.count), gaps.count === 0 ? 'none' : span(gaps.seconds))
  for (const place of document.querySelectorAll('.here')) place.textContent = ZONE
  say(
    'since',
    summary.counted_since === null ? '' : `counted since ${moment(summary.counted_since, now)}`,
  )
  say('version', `ticklake ${summary.version} · source ${summary.source}`)
  fill(
    'latest',
    summary.latest.map((trade) => [
      time(trade.ts, clockWide.matches ? clock : clockShort),
      trade.symbol,
      [price.format(trade.price), 'number'],
      [decimals.format(trade.volume), 'number'],
      [trade.conditions ?? '', 'wide'],
    ]),
  )
  fill(
    'symbols',
    summary.symbols.map((row) => [
      row.symbol,
      [count.format(row.trades), 'number'],
      [price.format(row.last_price), 'number'],
    ]),
  )
  element('gap-section').hidden = gaps.count === 0
  fill(
    'gap-rows',
    gaps.latest.map((gap) => [
      time(gap.from, clockShort),
      gap.open ? 'still open' : time(gap.to, clockShort),
      gap.cause,
      gap.symbols.length === 0 ? 'all' : gap.symbols.join(' '),
    ]),
  )
}

let seen = null
function online(reachable) {
  const banner = element('offline')
  banner.hidden = reachable
  document.body.classList.toggle('stale-numbers', !reachable)
  if (reachable) return
  element('state').className = 'state'
  say('state-name', 'Unknown')
  say('state-sentence', '')
  document.title = 'No answer · ticklake'
  banner.textContent =
    seen === null
      ? 'ticklake does not answer. Start it again with ticklake up, or ticklake serve.'
      : `ticklake does not answer. What is below is as of ${time(seen, clockShort)} (${ZONE}); recording may go on without this page.`
}

async function refresh() {
  try {
    const response = await fetch('/api/summary', { signal: AbortSignal.timeout(5000) })
    if (!response.ok) throw new Error(`status ${response.status}`)
    const summary = await response.json()
    show(summary)
    seen = summary.as_of
    online(true)
  } catch {
    online(false)
  }
  setTimeout(refresh, document.hidden ? EVERY_MS * 5 : EVERY_MS)
}

await refresh()
