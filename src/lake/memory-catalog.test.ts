import { catalogSuite } from '../../test/conformance/catalog.ts'
import { memoryCatalog } from './memory-catalog.ts'

catalogSuite('memory catalog', async () => {
  const catalog = memoryCatalog()
  return { catalog, another: async () => catalog, [Symbol.asyncDispose]: async () => undefined }
})
