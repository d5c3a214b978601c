/** A statement of a text: half-open, in UTF-16 units, without the `;` and the space around it. */
export type Statement = { readonly from: number; readonly to: number; readonly sql: string }

type Kind = 'space' | 'code' | 'end' | 'text' | 'name' | 'comment'
/** A stretch of a text that is all of one kind; `end` is a `;` between statements. */
export type Piece = { readonly kind: Kind; readonly from: number; readonly to: number }

const PATTERNS: readonly (readonly [Kind, RegExp])[] = [
  ['space', /\s+/y],
  ['comment', /--[^\n]*/y],
  ['text', /[eE]'(?:[^'\\]|\\[^]|'')*(?:'|$)/y],
  ['text', /'(?:[^']|'')*(?:'|$)/y],
  ['name', /"(?:[^"]|"")*(?:"|$)/y],
  ['end', /;/y],
  ['code', /[\p{L}_][\p{L}\p{N}_$]*/uy],
  ['code', /[\p{N}]+/uy],
]
const DOLLAR = /\$(?:[\p{L}_][\p{L}\p{N}_]*)?\$/uy

/** What DuckDB's scanner sees: strings, quoted names, dollar quotes and comments, which nest. All of the text. */
export function* piecesOf(text: string): Generator<Piece> {
  let from = 0
  while (from < text.length) {
    const { kind, to } = pieceAt(text, from)
    yield { kind, from, to }
    from = to
  }
}

function pieceAt(text: string, from: number): { kind: Kind; to: number } {
  if (text.startsWith('/*', from)) return { kind: 'comment', to: commentEnd(text, from) }
  for (const [kind, pattern] of PATTERNS) {
    const to = matchEnd(pattern, text, from)
    if (to !== null) return { kind, to }
  }
  const opened = matchEnd(DOLLAR, text, from)
  if (opened === null) return { kind: 'code', to: from + 1 }
  const closing = text.indexOf(text.slice(from, opened), opened)
  return { kind: 'text', to: closing === -1 ? text.length : closing + opened - from }
}

function matchEnd(pattern: RegExp, text: string, from: number): number | null {
  pattern.lastIndex = from
  return pattern.test(text) ? pattern.lastIndex : null
}

function commentEnd(text: string, from: number): number {
  const marks = /\/\*|\*\//g
  marks.lastIndex = from
  let depth = 0
  for (let mark = marks.exec(text); mark !== null; mark = marks.exec(text)) {
    depth += mark[0] === '/*' ? 1 : -1
    if (depth === 0) return marks.lastIndex
  }
  return text.length
}

/** The statements of a text in order; comments before one belong to it, and what is only comments is none. */
export function statementsOf(text: string): readonly Statement[] {
  const statements: Statement[] = []
  let from: number | null = null
  let to = 0
  let hasCode = false
  const end = () => {
    if (from !== null && hasCode) statements.push({ from, to, sql: text.slice(from, to) })
    from = null
    hasCode = false
  }
  for (const piece of piecesOf(text)) {
    if (piece.kind === 'end') end()
    if (piece.kind === 'end' || piece.kind === 'space') continue
    from ??= piece.from
    to = piece.to
    if (piece.kind !== 'comment') hasCode = true
  }
  end()
  return statements
}

/** The statement that the cursor is in or, between two, the one that it stands right behind, else the next. */
export function statementAt(text: string, cursor: number): Statement | null {
  const statements = statementsOf(text)
  const before = statements.findLast(({ from }) => from <= cursor) ?? null
  const next = statements.find(({ from }) => from > cursor) ?? null
  if (before === null) return next
  if (cursor <= before.to || !text.slice(before.to, cursor).includes('\n')) return before
  const isOver = text.slice(before.to, cursor).includes(';')
  return isOver ? (next ?? before) : before
}

/** The text with blanks instead of comments and strings, as long as it was. */
export const codeOf = (text: string): string =>
  [...piecesOf(text)]
    .map(({ kind, from, to }) =>
      kind === 'comment' || kind === 'text' ? ' '.repeat(to - from) : text.slice(from, to),
    )
    .join('')

/** Its first comment of one line, else its first line of code, for a list. */
export function titleOf(sql: string): string {
  const lines = sql.split('\n').map((line) => line.trim())
  const comment = /^--\s*(.+)$/.exec(lines.find((line) => line !== '') ?? '')
  if (comment?.[1] !== undefined) return comment[1]
  return lines.filter((line) => line !== '').join(' ')
}
