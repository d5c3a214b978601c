/** Names in this browser's storage begin with it. */
const PREFIX = 'ticklake.'

/** What was kept under the name, if it is one of these; null: it was not, or this browser keeps nothing. */
export function kept<T extends string>(name: string, choices: readonly T[]): T | null {
  const text = read(name)
  return choices.find((choice) => choice === text) ?? null
}

/** Keeps it for the next visit; without storage it holds for this one. */
export function keep(name: string, value: string): void {
  try {
    localStorage.setItem(PREFIX + name, value)
  } catch {
    // A browser that stores nothing, or a full store: a preference is not worth a message.
  }
}

function read(name: string): string | null {
  try {
    return localStorage.getItem(PREFIX + name)
  } catch {
    return null
  }
}
