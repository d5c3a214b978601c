/** Resolves when `signal` aborts, at once where it has. */
export const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })

/** What is awaited, or what `why` makes as soon as `signal` aborts; a later failure is then nobody's. */
export async function unlessAborted<T>(
  awaited: Promise<T>,
  signal: AbortSignal,
  why: () => Error,
): Promise<T> {
  awaited.catch(() => undefined)
  if (signal.aborted) throw why()
  const gone = Promise.withResolvers<never>()
  const stop = () => gone.reject(why())
  signal.addEventListener('abort', stop, { once: true })
  try {
    return await Promise.race([awaited, gone.promise])
  } finally {
    signal.removeEventListener('abort', stop)
  }
}
