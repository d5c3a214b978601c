import { Fault } from '../flow/fault.ts'
import type { Extent, Finding, Progress, Verdict } from '../verify/verify.ts'
import { offset } from '../market/records.ts'
import { wholeNumber } from './args.ts'
import type { Command, Invocation } from './command.ts'
import { bySettings, EXIT, signalExit } from './exit.ts'
import { valueJson } from '../query/row-text.ts'
import { plain } from './terminal.ts'
import { showCount, showSpan } from './times.ts'

/** Findings told one by one; all are counted. */
const FINDINGS_MAX = 100
/** Progress is shown after this long, and then this often, ms. */
const PROGRESS_AFTER_MS = 1000
const PROGRESS_EVERY_MS = 250
const DAY_MS = 86_400_000

export const command: Command = {
  text: {
    name: 'verify',
    takes: '',
    summary: 'Prove that every record of the tape is exactly one row of the lake',
    examples: [
      ['ticklake verify', 'all that the tape still holds and the lake claims'],
      ['ticklake verify --day 2026-11-20', 'what came on one day (UTC)'],
      ['ticklake verify --from-offset 0 --to-offset 100000 --json', 'a stretch, for programs'],
    ],
    about:
      'Each record is decoded anew and compared with its row, column by column. Exit 1 on any that is\n' +
      'missing, repeated or altered, and on a file of the table that cannot be read: it is named, and all others\n' +
      'are compared. What the tape has forgotten is named unverifiable, never passed.',
    flags: [
      { name: 'from-offset', metavar: 'N', doc: 'First offset' },
      { name: 'to-offset', metavar: 'N', doc: 'Before this offset' },
      { name: 'day', metavar: 'DATE', doc: 'A day, UTC, as in 2026-11-20' },
    ],
    positionalsMax: 0,
  },
  run: async (invocation) => {
    const { signal, terminal } = invocation
    const { runVerify } = await import('../config/asking.ts')
    const { partsToAsk } = await import('../config/tapes.ts')
    const extent = extentOf(invocation)
    const loaded = await invocation.settings()
    const parts = await bySettings(() => partsToAsk(loaded))
    const shown = progressLine(invocation)
    const lines: Finding[] = []
    try {
      const verifying = {
        extent,
        signal,
        findingsMax: FINDINGS_MAX,
        found: (finding: Finding) => void lines.push(finding),
        progress: shown.update,
      }
      const verdicts = await bySettings(() => runVerify(parts, verifying))
      shown.end()
      await show(invocation, verdicts, lines)
      return verdicts.every(({ passed }) => passed) ? EXIT.ok : EXIT.failed
    } catch (error) {
      shown.end()
      if (!signal.aborted) throw error
      terminal.err('stopped before the end: nothing is proved\n')
      return signalExit(signal.reason)
    }
  },
}

function extentOf({ flags }: Invocation): Extent {
  const from = wholeNumber(flags, 'from-offset')
  const to = wholeNumber(flags, 'to-offset')
  const day = flags.get('day')
  const dayMs = day === undefined ? null : Date.parse(`${day}T00:00:00Z`)
  if (day !== undefined && (!/^\d{4}-\d\d-\d\d$/.test(day) || Number.isNaN(dayMs)))
    throw new Fault('invalid', `--day takes a date, not ${day}`, {
      remedy: 'As in --day 2026-11-20.',
    })
  return {
    ...(from !== null && { from: offset(from) }),
    ...(to !== null && { to: offset(to) }),
    ...(dayMs !== null && { day: dayMs / DAY_MS }),
  }
}

async function show(
  { terminal, json }: Invocation,
  verdicts: readonly Verdict[],
  findings: readonly Finding[],
): Promise<void> {
  if (json) {
    for (const finding of findings) await terminal.out(`${findingJson(finding)}\n`)
    const results = verdicts.map((verdict) => verdictJson(verdict)).join(',')
    const passed = verdicts.every((verdict) => verdict.passed)
    return terminal.out(`{"passed":${passed},"tables":[${results}]}\n`)
  }
  for (const finding of findings) await terminal.out(`${findingText(finding)}\n`)
  for (const verdict of verdicts) await terminal.out(verdictText(verdict, terminal.paint))
}

const findingJson = (finding: Finding): string =>
  `{${Object.entries(finding)
    .map(([name, value]) => `${JSON.stringify(name)}:${valueJson(value)}`)
    .join(',')}}`

const verdictJson = ({ stretches, ...counts }: Verdict): string =>
  JSON.stringify({ ...counts, stretches })

function findingText(finding: Finding): string {
  const place = `${finding.table}${finding.partition === null ? '' : ` partition ${finding.partition}`}`
  switch (finding.kind) {
    case 'missing':
      return `missing   ${place} offset ${finding.offset}: on the tape, not in the lake`
    case 'repeated':
      return `repeated  ${place} offset ${finding.offset}: ${finding.times} rows`
    case 'altered':
      return `altered   ${place} offset ${finding.offset}: ${finding.column} is ${valueJson(finding.lake)}, the tape says ${valueJson(finding.tape)}`
    case 'foreign':
      return `foreign   ${place} offset ${finding.offset ?? 'none'}: a row that no record stands for`
    case 'no position':
      return `no position  ${place}: records ${finding.first} to ${finding.next} have not begun to land`
    case 'past the end':
      return `past the end  ${place}: the lake claims ${finding.first} to ${finding.next}, the tape ends before`
    case 'unreadable':
      return `unreadable ${place} ${plain(finding.file)}: ${showCount(finding.rows)} rows ${rangeText(finding)} are missing with it (${plain(finding.cause)})`
  }
  return finding satisfies never
}

const rangeText = ({ first, next }: Extract<Finding, { kind: 'unreadable' }>): string =>
  first === null || next === null ? 'of unknown offsets' : `of offsets ${first} to ${next - 1}`

function verdictText(
  verdict: Verdict,
  paint: (style: 'green' | 'red', text: string) => string,
): string {
  const { table, records, missing, repeated, altered, foreign, misplaced } = verdict
  const { purged, unreadable, unverifiable, passed } = verdict
  if (!verdict.landed && !passed)
    return `${table.padEnd(9)} ${paint('red', 'FAILED')}: nothing has landed yet; what is on the tape is not in the lake\n`
  const word = passed ? paint('green', 'passed') : paint('red', 'FAILED')
  const left =
    unverifiable === 0
      ? ''
      : `; ${showCount(unverifiable)} rows unverifiable: the tape has forgotten them`
  const gone = purged === 0 ? '' : `, ${showCount(purged)} purged`
  const lost =
    unreadable === 0
      ? ''
      : `, ${showCount(unreadable)} ${unreadable === 1 ? 'file' : 'files'} unreadable`
  return (
    `${table.padEnd(9)} ${word}: ${showCount(records)} records on tape and lake compared, ` +
    `${showCount(missing)} missing, ${showCount(repeated)} repeated, ${showCount(altered)} altered, ` +
    `${showCount(foreign)} foreign, ${showCount(misplaced)} misplaced${gone}${lost}${left}\n`
  )
}

/** Done, total, rate and time left, on a terminal, after a second. */
function progressLine({ terminal, json }: Invocation): {
  update: (progress: Progress) => void
  end: () => void
} {
  const began = performance.now()
  let last = 0
  let shown = false
  const clear = () => terminal.err('\r\u001B[K')
  return {
    update: ({ table, done, total }) => {
      const now = performance.now()
      if (!terminal.errIsScreen || json || now - began < PROGRESS_AFTER_MS) return
      if (now - last < PROGRESS_EVERY_MS) return
      last = now
      shown = true
      const rate = done / ((now - began) / 1000)
      const left = rate > 0 ? showSpan(((total - done) / rate) * 1000) : '?'
      clear()
      terminal.err(
        `${table}: ${showCount(done)} of ${showCount(total)}, ${showCount(Math.round(rate))}/s, ${left} left`,
      )
    },
    end: () => {
      if (shown) clear()
    },
  }
}
