import { useState } from 'preact/hooks'
import type { JSX } from 'preact'
import type { ApiFault } from '../api.ts'
import { showCount } from '../format.ts'
import type { Answer } from './answer.ts'
import { barPercent } from './bars.ts'

/** How long it is says the number beside it. */
export function Bar({ value, most }: { value: number; most: number }): JSX.Element {
  return (
    <span class="lake-bar" aria-hidden="true">
      <span style={{ width: `${barPercent(value, most)}%` }} />
    </span>
  )
}

/** Yellow, with a sign and a word. */
export function Small({ count }: { count: number }): JSX.Element {
  if (count === 0) return <span class="muted">0</span>
  return (
    <span class="warn">
      <span aria-hidden="true">▲ </span>
      {showCount(count)}
    </span>
  )
}

export function FaultNote({ fault, stale }: { fault: ApiFault; stale: boolean }): JSX.Element {
  return (
    <div class={`note ${stale ? 'warn' : 'bad'}`} role="alert">
      <span>
        {stale && 'This is no longer the newest. '}
        {fault.message}
      </span>
      <span class="remedy">{fault.remedy}</span>
    </div>
  )
}

type AnsweredProps<T> = {
  readonly answer: Answer<T>
  /** What is said until the first answer is there. */
  readonly loading: string
  /** What else there is to do where it failed. */
  readonly instead?: JSX.Element
  readonly children: (value: T) => JSX.Element
}

/** An answer as it is now: awaited, there, or no longer the newest. */
export function Answered<T>({ answer, loading, instead, children }: AnsweredProps<T>): JSX.Element {
  const { value, fault } = answer
  return (
    <>
      {fault !== null && <FaultNote fault={fault} stale={value !== null} />}
      {fault !== null && instead}
      {value === null && fault === null && <p class="empty">{loading}</p>}
      {value !== null && children(value)}
    </>
  )
}

/** The first of many, until the rest is asked for. */
export function useFirst<T>(
  all: readonly T[],
  most: number,
): {
  readonly first: readonly T[]
  readonly more: JSX.Element | null
} {
  const [whole, setWhole] = useState(false)
  if (whole || all.length <= most) return { first: all, more: null }
  const more = (
    <p class="lake-more">
      <span class="muted">
        {showCount(most)} of {showCount(all.length)}
      </span>
      <button type="button" onClick={() => setWhole(true)}>
        Show all
      </button>
    </p>
  )
  return { first: all.slice(0, most), more }
}
