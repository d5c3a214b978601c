import type { Logger } from '../flow/log.ts'
import type { Status } from '../serve/contract/status.ts'
import { stoppedText } from '../serve/state.ts'
import { plain, type Terminal } from './terminal.ts'
import { showCount, showSpan } from './times.ts'

const EVERY_MS = 1000
/** Back to the line's start, and the line erased. */
const CLEAR = '\r\u001B[K'

/** One line at the foot of a terminal that says how things are; everything else is printed above it. */
export type StatusLine = {
  /** Prints text, which ends with a newline, above the line. */
  print(text: string): void
  clear(): void
  /** Begins to show the numbers of the page at `url`, which asks for `token`. */
  follow(url: string, token: string | null): void
  /** A logger whose entries are printed above the line. */
  around(log: Logger): Logger
  end(): void
}

/** On anything but a terminal there is no line, only what is printed. */
export function statusLine(terminal: Terminal, json: boolean): StatusLine {
  const shown = terminal.errIsScreen && !json
  let text = ''
  let timer: NodeJS.Timeout | undefined
  const clear = () => {
    if (shown && text !== '') terminal.err(CLEAR)
  }
  const draw = () => {
    if (shown && text !== '') terminal.err(text)
  }
  const refresh = async (url: string, token: string | null) => {
    try {
      const response = await fetch(new URL('/api/status', url), {
        headers: token === null ? {} : { authorization: `Bearer ${token}` },
        signal: AbortSignal.timeout(EVERY_MS * 3),
      })
      if (!response.ok) return
      const status = (await response.json()) as Status
      clear()
      text = lineOf(status, terminal)
      draw()
    } catch {
      // the server starts again: the line stays as it is
    }
  }
  return {
    clear,
    print: (above) => {
      clear()
      terminal.err(above)
      draw()
    },
    around: (log) => (level, message, fields) => {
      clear()
      log(level, message, fields)
      draw()
    },
    follow: (url, token) => {
      clearInterval(timer)
      if (!shown) return
      timer = setInterval(() => void refresh(url, token), EVERY_MS)
      timer.unref()
    },
    end: () => {
      clearInterval(timer)
      clear()
      text = ''
    },
  }
}

function lineOf(status: Status, { columns, paint }: Terminal): string {
  const { state, tape, lake, gaps_today: gaps, landing_stopped: stopped } = status
  const parts = [
    ...(stopped === null ? [] : [plain(stoppedText(stopped))]),
    `${showCount(tape.records)} on the tape`,
    `${status.feed.trades_per_second.toFixed(0)} trades/s`,
    lake.lag_seconds === null
      ? 'nothing landed'
      : `lake ${showSpan(lake.lag_seconds * 1000)} behind`,
    `${gaps.count} gap${gaps.count === 1 ? '' : 's'} today`,
  ]
  const rest = ` · ${parts.join(' · ')}`.slice(0, Math.max(0, columns - state.name.length - 1))
  return `${paint('bold', state.name)}${rest}`
}
