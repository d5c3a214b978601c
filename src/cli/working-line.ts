import type { Invocation } from './command.ts'

/** What takes no longer says nothing meanwhile. */
const QUIET_MS = 1000
const EVERY_MS = 250
/** Back to the line's start, and the line erased. */
const CLEAR = '\r\u001B[K'

/** A line on a person's screen that says what is under way; it stands below what is written meanwhile. */
export type WorkingLine = Disposable & {
  /** Takes the line away, so that something may be written; it comes back by itself. */
  hide(): void
}

/** `now` is asked four times a second, with the milliseconds since the beginning; null: there is nothing to say. */
export function workingLine(
  { terminal, json }: Pick<Invocation, 'terminal' | 'json'>,
  now: (elapsedMs: number) => string | null,
): WorkingLine {
  if (!terminal.errIsScreen || json)
    return { hide: () => undefined, [Symbol.dispose]: () => undefined }
  const began = performance.now()
  let shown = false
  const hide = () => {
    if (shown) terminal.err(CLEAR)
    shown = false
  }
  const timer = setInterval(() => {
    const elapsed = performance.now() - began
    const text = elapsed < QUIET_MS ? null : now(elapsed)
    hide()
    if (text === null) return
    terminal.err(text.slice(0, terminal.columns - 1))
    shown = true
  }, EVERY_MS)
  return {
    hide,
    [Symbol.dispose]: () => {
      clearInterval(timer)
      hide()
    },
  }
}
