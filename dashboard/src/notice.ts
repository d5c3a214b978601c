import { signal, type ReadonlySignal } from '@preact/signals'

export type Notice = { readonly text: string; readonly order: number }

const last = signal<Notice>({ text: '', order: 0 })
/** What the live region of the page says. */
export const announced: ReadonlySignal<Notice> = last

/** Has a screen reader say it when it is next idle; the same text twice is said twice. */
export function announce(text: string): void {
  last.value = { text, order: last.peek().order + 1 }
}
