import { signal } from '@preact/signals'

/** The dialog of the shell that is open. */
export const opened = signal<'palette' | 'help' | null>(null)

export const openPalette = (): void => void (opened.value = 'palette')
export const openHelp = (): void => void (opened.value = 'help')
/** Its dialog has closed; another may have been opened meanwhile. */
export const closed = (dialog: 'palette' | 'help') => (): void => {
  if (opened.peek() === dialog) opened.value = null
}
