import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import { ApiFault, ask, pathWith } from '../api.ts'

export type Answer<T> = {
  /** The last answer of this question; null: it has not come yet. */
  readonly value: T | null
  /** Why there is no newer one; null: there is. */
  readonly fault: ApiFault | null
}

// What is away for a while is asked for again; a question that is wrong stays so.
const AGAIN_MS = 5_000
const AWAY = ['unavailable', 'unreachable', 'conflict', 'closed']

type Held<T> = Answer<T> & { readonly path: string | null }
const nothing = { path: null, value: null, fault: null }

/**
 * What the API answers, asked again whenever `tick` changes: until then, and where asking again fails, the former
 * answer stays. Null asks nothing.
 */
export function useAnswer<T>(
  asked: { readonly path: string; readonly params: Readonly<Record<string, string>> } | null,
  tick: string,
): Answer<T> {
  const held = useSignal<Held<T>>(nothing)
  const tries = useSignal(0)
  const path = asked === null ? null : pathWith(asked.path, asked.params)
  useEffect(() => {
    if (path === null) return undefined
    const stop = new AbortController()
    let again: ReturnType<typeof setTimeout> | undefined
    const keep = (answer: Partial<Answer<T>>) => {
      if (stop.signal.aborted) return
      const former = held.peek().path === path ? held.peek() : nothing
      held.value = { ...former, path, fault: null, ...answer }
    }
    ask<T>(path, { signal: stop.signal }).then(
      (value) => keep({ value }),
      (error: unknown) => {
        const fault = faultFrom(error)
        keep({ fault })
        if (!stop.signal.aborted && AWAY.includes(fault.kind))
          again = setTimeout(() => (tries.value += 1), AGAIN_MS)
      },
    )
    return () => {
      stop.abort()
      clearTimeout(again)
    }
  }, [held, tries, path, tick, tries.value])
  return held.value.path === path ? held.value : nothing
}

const faultFrom = (error: unknown): ApiFault =>
  error instanceof ApiFault
    ? error
    : new ApiFault({
        kind: 'bug',
        message: String(error),
        remedy: 'Load the page again; if this happens again, report it.',
      })
