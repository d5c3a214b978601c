import { watch } from 'node:fs'
import { basename, dirname } from 'node:path'

/** Editors write a file in several steps; one change is told after this much quiet. */
const QUIET_MS = 200

/**
 * Yields once after each change of the file (made, replaced, edited or removed), until `signal` aborts.
 * The folder is watched, because editors replace the file itself. Where the system cannot watch, it ends.
 */
export async function* fileChanges(path: string, signal: AbortSignal): AsyncIterable<void> {
  const name = basename(path)
  let changed = false
  let wake: (() => void) | undefined
  let timer: NodeJS.Timeout | undefined
  const stir = () => {
    changed = true
    wake?.()
  }
  let watcher
  try {
    watcher = watch(dirname(path), (_, file) => {
      if (file !== name && file !== null) return
      clearTimeout(timer)
      timer = setTimeout(stir, QUIET_MS)
    })
  } catch {
    return // a folder that is not there, or a limit on watches: the settings stay as they were read
  }
  watcher.on('error', () => undefined)
  const stop = () => wake?.()
  signal.addEventListener('abort', stop)
  try {
    while (!signal.aborted) {
      if (changed) {
        changed = false
        yield
      } else await new Promise<void>((resolve) => (wake = resolve))
    }
  } finally {
    clearTimeout(timer)
    signal.removeEventListener('abort', stop)
    watcher.close()
  }
}
