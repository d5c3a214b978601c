import { signal } from '@preact/signals'
import type { Condition } from '../../../../src/serve/contract/market.ts'
import { ask } from '../../api.ts'

/** What is known about conditions, by code; empty until the server has said it. */
export const conditions = signal<ReadonlyMap<string, Condition>>(new Map())

let asking: Promise<void> | null = null

/** Asks for the conditions once; where that fails codes stay codes, and the next call asks again. */
export function learnConditions(): void {
  asking ??= ask<{ readonly conditions: readonly Condition[] }>('/api/conditions').then(
    (answer) => {
      conditions.value = new Map(answer.conditions.map((known) => [known.code, known]))
    },
    () => void (asking = null),
  )
}
