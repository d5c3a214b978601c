import {
  acceptCompletion,
  autocompletion,
  closeBrackets,
  closeBracketsKeymap,
  closeCompletion,
  completionKeymap,
} from '@codemirror/autocomplete'
import { defaultKeymap, history, historyKeymap, indentWithTab } from '@codemirror/commands'
import { keywordCompletionSource } from '@codemirror/lang-sql'
import { bracketMatching, indentUnit } from '@codemirror/language'
import { forceLinting, linter, lintKeymap } from '@codemirror/lint'
import { highlightSelectionMatches, search, searchKeymap } from '@codemirror/search'
import { EditorState, Prec, StateEffect, type Extension } from '@codemirror/state'
import {
  drawSelection,
  EditorView,
  highlightActiveLine,
  highlightActiveLineGutter,
  keymap,
  lineNumbers,
  placeholder,
} from '@codemirror/view'
import type { SchemaAnswer } from '../../../src/serve/contract/sql.ts'
import { DUCKDB } from './dialect.ts'
import { editorLook } from './editor-look.ts'
import type { Problem } from './problems.ts'
import { replacing } from './replacing.ts'
import { statementAt, statementsOf } from './statements.ts'
import { schemaSuggestions } from './suggestions.ts'

/** How long nothing is typed before it is looked at. */
const LINT_DELAY_MS = 600
/** Options that a list shows at most. */
const OPTIONS_MAX = 200

/** What is to run: a statement, and how many there are beside it. */
export type Chosen = { readonly sql: string; readonly of: number; readonly isSelected: boolean }

export type Editor = {
  text(): string
  /** Another text; undo brings the old one back. */
  setText(text: string): void
  /** Instead of the selection. */
  insert(text: string): void
  /** The selection, else the statement at the cursor; null: there is none. */
  chosen(): Chosen | null
  /** Looks again at what is wrong, now. */
  look(): void
  focus(): void
  close(): void
}

export type Editing = {
  readonly text: string
  readonly changed: (text: string) => void
  readonly run: () => void
  /** False: nothing runs. */
  readonly cancel: () => boolean
  readonly schema: () => SchemaAnswer | null
  readonly problems: (text: string) => Promise<readonly Problem[]>
  readonly found: (problems: readonly Problem[]) => void
}

const relook = StateEffect.define()

export function createEditor(host: HTMLElement, editing: Editing): Editor {
  const view = new EditorView({
    parent: host,
    state: EditorState.create({ doc: editing.text, extensions: extensionsOf(editing) }),
  })
  return {
    text: () => view.state.doc.toString(),
    setText: (text) => {
      if (text === view.state.doc.toString()) return
      const changes = { from: 0, to: view.state.doc.length, insert: text }
      view.dispatch({ changes, selection: { anchor: 0 }, scrollIntoView: true })
    },
    insert: (text) => {
      view.dispatch(view.state.replaceSelection(text), { scrollIntoView: true })
      view.focus()
    },
    chosen: () => chosenIn(view.state),
    look: () => {
      view.dispatch({ effects: relook.of(null) })
      forceLinting(view)
    },
    focus: () => view.focus(),
    close: () => view.destroy(),
  }
}

function chosenIn(state: EditorState): Chosen | null {
  const text = state.doc.toString()
  const { from, to, head } = state.selection.main
  const selected = text.slice(from, to).trim()
  if (selected !== '') {
    const [only, ...more] = statementsOf(selected)
    return {
      sql: only !== undefined && more.length === 0 ? only.sql : selected,
      of: 1,
      isSelected: true,
    }
  }
  const at = statementAt(text, head)
  return at === null ? null : { sql: at.sql, of: statementsOf(text).length, isSelected: false }
}

function extensionsOf(editing: Editing): Extension {
  const nonce = document.querySelector<HTMLMetaElement>('meta[name="csp-nonce"]')?.content ?? ''
  return [
    EditorView.cspNonce.of(nonce),
    Prec.high(keysOf(editing)),
    lineNumbers(),
    highlightActiveLine(),
    highlightActiveLineGutter(),
    history(),
    drawSelection(),
    bracketMatching(),
    closeBrackets(),
    highlightSelectionMatches(),
    replacing,
    search({ top: true }),
    indentUnit.of('  '),
    EditorView.lineWrapping,
    placeholder('SELECT … FROM trades'),
    DUCKDB.extension,
    suggesting(editing),
    linting(editing),
    editorLook,
    EditorView.contentAttributes.of({
      'aria-label': 'SQL statement',
      'aria-describedby': 'sql-editor-help',
    }),
    EditorView.updateListener.of(({ docChanged, state }) => {
      if (docChanged) editing.changed(state.doc.toString())
    }),
    keymap.of([
      ...closeBracketsKeymap,
      ...searchKeymap,
      ...historyKeymap,
      ...completionKeymap,
      ...lintKeymap,
      { key: 'Tab', run: acceptCompletion },
      indentWithTab,
      ...defaultKeymap,
    ]),
  ]
}

/** Escape that has nothing to cancel goes on to what else it does: close a list, let Tab leave. */
const keysOf = ({ run, cancel }: Editing): Extension =>
  keymap.of([
    {
      key: 'Mod-Enter',
      run: (view) => {
        closeCompletion(view)
        run()
        return true
      },
    },
    { key: 'Escape', run: () => cancel() },
  ])

const suggesting = ({ schema }: Editing): Extension =>
  autocompletion({
    maxRenderedOptions: OPTIONS_MAX,
    icons: false,
    override: [
      (context) => schemaSuggestions(context, schema()),
      keywordCompletionSource(DUCKDB, true),
    ],
  })

const linting = ({ problems, found }: Editing): Extension =>
  linter(
    async (view) => {
      const text = view.state.doc.toString()
      const some = await problems(text)
      if (view.state.doc.toString() === text) found(some)
      return some.map((problem) => ({ ...problem, severity: 'error' as const }))
    },
    {
      delay: LINT_DELAY_MS,
      needsRefresh: ({ transactions }) =>
        transactions.some(({ effects }) => effects.some((effect) => effect.is(relook))),
    },
  )
