import type { ComponentChildren, JSX } from 'preact'
import { useEffect, useId, useRef } from 'preact/hooks'
import { Icon } from './icon.tsx'

/** A modal dialog, open while it lives. Escape, its button and a click beside it close it; focus returns. */
export function Dialog({
  title,
  close,
  wide = false,
  children,
}: {
  title: string
  close: () => void
  /** For a table. */
  wide?: boolean
  children: ComponentChildren
}): JSX.Element {
  const heading = useId()
  const dialog = useShown()
  return (
    <dialog
      ref={dialog}
      class={wide ? 'dialog wide' : 'dialog'}
      aria-labelledby={heading}
      onClose={close}
      onClick={(event) => {
        if (event.target === event.currentTarget) event.currentTarget.close()
      }}
    >
      <div class="dialog-head">
        <h2 id={heading}>{title}</h2>
        <button
          type="button"
          class="quiet icon"
          aria-label="Close"
          onClick={() => dialog.current?.close()}
        >
          <Icon name="close" />
        </button>
      </div>
      <div class="dialog-body">{children}</div>
    </dialog>
  )
}

/** Shows the dialog as modal when its component comes. */
export function useShown(): { current: HTMLDialogElement | null } {
  const dialog = useRef<HTMLDialogElement>(null)
  useEffect(() => {
    if (dialog.current?.open === false) dialog.current.showModal()
  }, [])
  return dialog
}
