import { useSignal, useSignalEffect } from '@preact/signals'
import type { JSX } from 'preact'
import { useEffect } from 'preact/hooks'
import { useKeys, type Shortcut } from '../keys.ts'
import { route } from '../route.ts'
import { editor, follow, loadSchema, run, runChosen, text } from './desk.ts'
import { EditorPanel } from './editor-panel.tsx'
import { Result } from './result/result.tsx'
import { openSide, Side, side, TABS } from './side/side.tsx'

/** Statements over the lake: an editor, what came of them, and beside it what can be asked. */
export function SqlPage(): JSX.Element {
  const asks = useSignal(0)
  useSignalEffect(() => {
    if (route.value.page === 'sql') follow(route.value.params)
  })
  useEffect(() => void loadSchema(), [])
  useSqlKeys(() => {
    openSide('Saved')
    asks.value++
  })
  return (
    <div class={side.value.isOpen ? 'sql sql-with-side' : 'sql'}>
      <Side saving={asks.value} />
      <div class="sql-desk">
        <EditorPanel />
        <Result run={run} sql={text.value} />
      </div>
    </div>
  )
}

function useSqlKeys(save: () => void): void {
  const isRunning = run.state.value.phase === 'running'
  const runs: Shortcut = {
    keys: 'Ctrl+Enter',
    does: 'Run the selection, or the statement at the cursor',
    run: runChosen,
  }
  const others: readonly Shortcut[] = [
    { keys: '/', does: 'Go to the editor', run: () => editor.peek()?.focus() },
    { keys: 'Ctrl+S', does: 'Save the statements under a name', run: save },
    ...TABS.map((tab, i) => ({
      keys: String(i + 1),
      does: `Show beside the editor: ${tab}`,
      run: () => openSide(tab),
    })),
  ]
  const cancels: Shortcut = { keys: 'Escape', does: 'Cancel the statement', run: run.cancel }
  useKeys([runs, ...(isRunning ? [cancels] : []), ...others])
}
