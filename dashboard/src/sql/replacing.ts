import type { Extension } from '@codemirror/state'
import { EditorView } from '@codemirror/view'

/**
 * Typing over a selection. Left to itself Chromium keeps the look of what it deletes in a style attribute, which the
 * page's policy refuses with an error in the console; so the editor does it before the browser would.
 */
export const replacing: Extension = EditorView.domEventHandlers({
  beforeinput: (event, view) => {
    const { data: text, inputType } = event
    const { main, ranges } = view.state.selection
    if (inputType !== 'insertText' || text === null || main.empty || ranges.length > 1) return false
    if (view.composing) return false
    const { from, to } = main
    const insert = () =>
      view.state.update(view.state.replaceSelection(text), { userEvent: 'input.type' })
    const isTaken = view.state
      .facet(EditorView.inputHandler)
      .some((take) => take(view, from, to, text, insert))
    if (!isTaken) view.dispatch(insert())
    return true
  },
})
