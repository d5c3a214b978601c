import { effect, signal, type ReadonlySignal, type Signal } from '@preact/signals'
import type { SchemaAnswer } from '../../../src/serve/contract/sql.ts'
import { ApiFault, ask } from '../api.ts'
import { announce } from '../notice.ts'
import { go, route } from '../route.ts'
import { addressed, draftOf, type Draft } from './address.ts'
import { checkByServer } from './checking.ts'
import type { Editor } from './editor.ts'
import { createChecks, type Problem } from './problems.ts'
import { createRun, type RunState } from './result/run.ts'
import { historyOf, savedOf, withPast } from './shelf.ts'
import { statementsOf } from './statements.ts'
import { createStored } from './stored.ts'

/*
 * What the SQL page works on. It lives as long as the document: a statement goes on, and its result stays, while
 * another page is looked at.
 */
export const run = createRun()
export const pastQueries = createStored('sql.history', historyOf)
export const savedQueries = createStored('sql.saved', savedOf)
export const checks = createChecks(checkByServer)
const draft = createStored<Draft>('sql.draft', draftOf)

/** What stands in the editor. */
const current = signal('')
export const text: ReadonlySignal<string> = current
/** What is known to be wrong with it. */
export const problems: Signal<readonly Problem[]> = signal([])
/** The editor, while the page is shown. */
export const editor: Signal<Editor | null> = signal(null)

type Schema = { readonly answer: SchemaAnswer | null; readonly fault: ApiFault | null }
const known = signal<Schema>({ answer: null, fault: null })
export const schema: ReadonlySignal<Schema> = known

/** Asks for the schema, if it is not known. */
export async function loadSchema(): Promise<void> {
  if (known.peek().answer !== null) return
  try {
    known.value = { answer: await ask<SchemaAnswer>('/api/schema'), fault: null }
  } catch (error) {
    if (!(error instanceof ApiFault)) throw error
    known.value = { answer: null, fault: error }
  }
}

/** The text changed in the editor: it is kept, for this address. */
export function write(written: string): void {
  current.value = written
  draft.change(() => ({ base: route.peek().params.get('q'), text: written }))
}

/** Puts another text into the editor; undo brings the old one back. */
export function show(sql: string): void {
  current.value = sql
  editor.peek()?.setText(sql)
}

/** Runs the selection or the statement at the cursor, and puts the text into the address. */
export function runChosen(): void {
  const chosen = editor.peek()?.chosen() ?? null
  if (chosen === null) return announce('There is no statement to run')
  start(chosen.sql)
  const isAll = statementsOf(text.peek()).length === 1 && !chosen.isSelected
  goTo(text.peek(), isAll)
}

/** Shows a statement and runs it. */
export function runThis(sql: string): void {
  show(sql)
  start(sql)
  goTo(sql, true)
}

/** What stands there at the very first. */
const STARTER = 'SELECT * FROM trades\nORDER BY ts DESC\nLIMIT 100'

let startedAtMs = 0
function start(sql: string): void {
  startedAtMs = Date.now()
  run.start(sql)
}

/** What of the address is shown already; null: nothing. */
let came: string | null = null
const keyOf = (q: string | null, run: string | null): string => JSON.stringify([q, run])

function goTo(sql: string, runs: boolean): void {
  const params = addressed(sql, runs)
  came = keyOf(params.q, params.run)
  go('sql', params)
}

/** Shows what the address says, and runs it where it says so; once for each address. */
export function follow(params: URLSearchParams): void {
  const q = params.get('q')
  const key = keyOf(q, params.get('run'))
  if (key === came) return
  const isFirst = came === null
  came = key
  const kept = draft.value.peek()
  if (isFirst && kept !== null && kept.base === q) show(kept.text)
  else if (q !== null) show(q)
  else if (isFirst) show(STARTER)
  if (q === null || params.get('run') !== '1') return
  const [only] = statementsOf(q)
  if (only !== undefined && text.peek() === q) start(only.sql)
}

/** What ended goes to the history, and what is wrong to where it is. */
let last: RunState | null = null
effect(() => {
  const state = run.state.value
  const before = last
  last = state
  if (before?.phase !== 'running' || state.phase === 'running' || state.phase === 'idle') return
  const { sql, fault, rows, millis, phase } = state
  if (fault !== null) {
    checks.learn(sql, fault)
    editor.peek()?.look()
  }
  const failure = phase === 'cancelled' ? 'cancelled' : (fault?.message ?? null)
  const told = { rows: failure === null ? rows : null, millis, failure }
  pastQueries.change((list) => withPast(list, { sql, atMs: startedAtMs, ...told }))
})
