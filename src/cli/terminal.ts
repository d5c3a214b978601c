import { styleText } from 'node:util'

export type Style = 'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'cyan'

/** Where a command writes: data on `out`, everything else on `err`. */
export type Terminal = {
  /** Resolves when more may be written; a reader that went away ends the program quietly. */
  readonly out: (text: string) => Promise<void>
  readonly err: (text: string) => void
  /** Data goes to a person's screen. */
  readonly outIsScreen: boolean
  readonly errIsScreen: boolean
  readonly inIsScreen: boolean
  readonly columns: number
  /** Coloured where colours are wanted, else as it is. */
  readonly paint: (style: Style, text: string) => string
}

/** The process's own streams. `color` is auto, always or never. */
export function processTerminal(color: string): Terminal {
  const { stdout, stderr, stdin, env } = process
  const quietEnd = (error: NodeJS.ErrnoException) => {
    // `| head` has read enough: not an error of ours.
    if (error.code === 'EPIPE') process.exit(0)
    throw error
  }
  stdout.on('error', quietEnd)
  stderr.on('error', quietEnd)
  const auto = stdout.isTTY && (env.NO_COLOR ?? '') === '' && env.TERM !== 'dumb'
  const painted = color === 'always' || (color === 'auto' && auto)
  return {
    out: (text) =>
      new Promise((resolve) => {
        if (stdout.write(text)) resolve()
        else stdout.once('drain', () => resolve())
      }),
    err: (text) => void stderr.write(text),
    outIsScreen: stdout.isTTY,
    errIsScreen: stderr.isTTY,
    inIsScreen: stdin.isTTY,
    columns: stdout.columns ?? 100,
    paint: (style, text) => (painted ? styleText(style, text, { validateStream: false }) : text),
  }
}

/** Text of others made safe for a screen: control characters become visible escapes. */
export const plain = (text: string): string => text.replaceAll(CONTROLS, escape)

/** C0, C1, and the marks that turn the direction of writing. */
const CONTROLS = /\p{Cc}|[\u202a-\u202e\u2066-\u2069]/gu
const escape = (char: string): string =>
  `\\u${(char.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`

/** Columns of text side by side; `right` aligns to the right. */
export function alignColumns(
  rows: readonly (readonly string[])[],
  right: readonly boolean[] = [],
): string {
  const widths: number[] = []
  for (const row of rows)
    row.forEach((cell, i) => (widths[i] = Math.max(widths[i] ?? 0, cell.length)))
  const line = (row: readonly string[]) =>
    row
      .map((cell, i) =>
        right[i] === true ? cell.padStart(widths[i] ?? 0) : cell.padEnd(widths[i] ?? 0),
      )
      .join('  ')
      .trimEnd()
  return rows.map((row) => `${line(row)}\n`).join('')
}
