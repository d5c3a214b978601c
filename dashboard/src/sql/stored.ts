import { signal, type ReadonlySignal } from '@preact/signals'

/** Something kept in this browser, which every tab of the page may change. */
export type Stored<T> = {
  readonly value: ReadonlySignal<T>
  /** Changes what is kept now, by whichever tab. False: this browser keeps nothing more, and it holds here only. */
  change(change: (now: T) => T): boolean
}

/** `parse` makes of anything, also of undefined, what it can. */
export function createStored<T>(name: string, parse: (kept: unknown) => T): Stored<T> {
  const key = `ticklake.${name}`
  const value = signal(parse(read(key)))
  addEventListener('storage', (event) => {
    if (event.key === key || event.key === null) value.value = parse(read(key))
  })
  let isKept = true
  return {
    value,
    change: (change) => {
      value.value = change(isKept ? parse(read(key)) : value.peek())
      isKept = write(key, value.peek())
      return isKept
    },
  }
}

function read(key: string): unknown {
  try {
    return JSON.parse(localStorage.getItem(key) ?? 'null')
  } catch {
    return undefined
  }
}

function write(key: string, value: unknown): boolean {
  try {
    localStorage.setItem(key, JSON.stringify(value))
    return true
  } catch {
    return false
  }
}
