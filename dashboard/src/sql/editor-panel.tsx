import { useSignal } from '@preact/signals'
import type { JSX } from 'preact'
import { useLayoutEffect, useRef } from 'preact/hooks'
import { announce } from '../notice.ts'
import { linkTo } from '../route.ts'
import { Icon } from '../shell/icon.tsx'
import { addressed } from './address.ts'
import { checks, editor, problems, run, runChosen, schema, text, write } from './desk.ts'
import { createEditor } from './editor.ts'
import { openSide, side, toggleSide } from './side/side.tsx'
import { statementsOf } from './statements.ts'

export function EditorPanel(): JSX.Element {
  return (
    <section class="panel sql-editor" aria-labelledby="sql-editor-title">
      <div class="panel-head">
        <h2 id="sql-editor-title">Statement</h2>
        <RunButton />
        <div class="tools">
          <button type="button" class="quiet" onClick={() => openSide('Saved')}>
            Save…
          </button>
          <CopyLink />
          <button
            type="button"
            class="toggle"
            aria-pressed={side.value.isOpen}
            aria-controls="sql-side"
            title="Schema, examples, saved statements, history"
            onClick={toggleSide}
          >
            Browse
          </button>
        </div>
      </div>
      <EditorBox />
      <Foot />
    </section>
  )
}

function RunButton(): JSX.Element {
  if (run.state.value.phase === 'running')
    return (
      <button type="button" class="sql-run" aria-keyshortcuts="Escape" onClick={run.cancel}>
        <Icon name="close" />
        Cancel <kbd>Esc</kbd>
      </button>
    )
  const isNothing = statementsOf(text.value).length === 0
  return (
    <button
      type="button"
      class="primary sql-run"
      aria-keyshortcuts="Control+Enter"
      aria-disabled={isNothing}
      onClick={runChosen}
    >
      <Icon name="play" />
      Run <kbd>Ctrl ↵</kbd>
    </button>
  )
}

/** How long the button says that the link was copied. */
const SAID_MS = 2000

function CopyLink(): JSX.Element {
  const said = useSignal<'copied' | 'refused' | null>(null)
  const params = addressed(text.value, statementsOf(text.value).length === 1)
  const copy = async () => {
    const named = Object.entries(params).filter((one): one is [string, string] => one[1] !== null)
    const link = new URL(linkTo('sql', Object.fromEntries(named)), location.href).href
    said.value = await navigator.clipboard.writeText(link).then(
      () => 'copied' as const,
      () => 'refused' as const,
    )
    announce(said.value === 'copied' ? 'Link copied' : 'The browser did not let the page copy')
    setTimeout(() => (said.value = null), SAID_MS)
  }
  const isTooLong = params.q === null && text.value.trim() !== ''
  const title = isTooLong ? 'Too long for a link' : 'A link that opens these statements'
  const words = { copied: 'Copied', refused: 'Not copied' } as const
  return (
    <button
      type="button"
      class="quiet"
      title={title}
      aria-disabled={params.q === null}
      onClick={() => (params.q === null ? announce(title) : void copy())}
    >
      {said.value === null ? 'Copy link' : words[said.value]}
    </button>
  )
}

function EditorBox(): JSX.Element {
  const host = useRef<HTMLDivElement>(null)
  useLayoutEffect(() => {
    if (host.current === null) return undefined
    const made = createEditor(host.current, {
      text: text.peek(),
      changed: write,
      run: runChosen,
      cancel: () => {
        if (run.state.peek().phase !== 'running') return false
        run.cancel()
        return true
      },
      schema: () => schema.peek().answer,
      problems: checks.problems,
      found: (found) => (problems.value = found),
    })
    editor.value = made
    return () => {
      editor.value = null
      made.close()
    }
  }, [])
  return <div class="sql-editor-box" ref={host} />
}

/** What is wrong first, else how many statements there are; and how to leave by keyboard. */
function Foot(): JSX.Element {
  const [problem] = problems.value
  const count = statementsOf(text.value).length
  return (
    <div class="sql-foot">
      {problem === undefined ? (
        <span class="muted">
          {count > 1 ? `${count} statements; the one at the cursor runs` : 'Times are UTC'}
        </span>
      ) : (
        <span class="bad sql-problem" title={problem.message}>
          <span aria-hidden="true">✕ </span>
          Line {lineOf(problem.from)}: {problem.message.split('\n')[0]}
        </span>
      )}
      <span class="muted sql-foot-help" id="sql-editor-help">
        Ctrl+Enter runs. Ctrl+Space completes. Escape, then Tab leaves the editor.
      </span>
    </div>
  )
}

const lineOf = (position: number): number => text.peek().slice(0, position).split('\n').length
