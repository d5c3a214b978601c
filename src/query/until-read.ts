import type { Answer } from './query.ts'

/** The same batches; `over` is called when they end, fail, or are given back, read or not. */
export const untilRead = (batches: Answer['batches'], over: () => void): Answer['batches'] => ({
  [Symbol.asyncIterator]: () => {
    const reading = batches[Symbol.asyncIterator]()
    return {
      next: async () => {
        try {
          const next = await reading.next()
          if (next.done === true) over()
          return next
        } catch (error) {
          over()
          throw error
        }
      },
      return: async (value: unknown) => {
        try {
          await reading.return?.()
          return { done: true, value }
        } finally {
          over()
        }
      },
    }
  },
})
