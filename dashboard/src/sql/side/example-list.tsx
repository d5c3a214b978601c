import { signal } from '@preact/signals'
import type { JSX } from 'preact'
import { useEffect } from 'preact/hooks'
import type { SymbolsAnswer } from '../../../../src/serve/contract/market.ts'
import { ApiFault, ask } from '../../api.ts'
import { serverNow } from '../../status.ts'
import { examplesFor, type Subject } from '../examples.ts'
import { Entry } from './entry.tsx'

/** Of a lake in which nothing is recorded yet. */
const SYMBOL = 'AAPL'
const subject = signal<Subject | null>(null)

/** Statements that run as they are, about what is in the lake. */
export function ExampleList({ taken }: { taken: () => void }): JSX.Element {
  useEffect(() => void findSubject(), [])
  if (subject.value === null) return <p class="empty">Loading the examples.</p>
  return (
    <ul role="list" class="sql-list">
      {examplesFor(subject.value).map(({ title, about, sql }) => (
        <Entry key={title} title={title} about={about} sql={sql} taken={taken} />
      ))}
    </ul>
  )
}

async function findSubject(): Promise<void> {
  try {
    const params = { limit: 50 }
    const { symbols } = await ask<SymbolsAnswer>('/api/symbols', { params })
    const symbol = (symbols.find(({ listing }) => listing === 'us') ?? symbols[0])?.symbol ?? SYMBOL
    const times = symbols.flatMap(({ last_at: at }) => (at === null ? [] : [Date.parse(at)]))
    const atMs = times.length === 0 ? serverNow.peek() : Math.max(...times)
    subject.value = { symbol, atMs }
  } catch (error) {
    if (!(error instanceof ApiFault)) throw error
    // The examples need no more than a time; the page says elsewhere that the server does not answer.
    subject.value ??= { symbol: SYMBOL, atMs: serverNow.peek() }
  }
}
