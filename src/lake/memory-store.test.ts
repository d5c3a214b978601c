import { storeSuite } from '../../test/conformance/store.ts'
import { memoryStore } from './memory-store.ts'

storeSuite('memory store', async () => ({
  store: memoryStore(),
  [Symbol.asyncDispose]: async () => undefined,
}))
