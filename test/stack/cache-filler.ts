import { systemClock } from '../../src/flow/clock.ts'
import { systemRandom } from '../../src/flow/random.ts'
import { openS3Store } from '../../src/lake/s3-store.ts'
import { openFileCache } from '../../src/query/duckdb/file-cache.ts'

// node cache-filler.ts DIR JSON: holds all of `located` through the cache in DIR, prints how many there were.
const [dir = '', json = '{}'] = process.argv.slice(2)
const { bucket, prefix, endpoint, located } = JSON.parse(json)
const around = { clock: systemClock, random: systemRandom }
const reach = { region: null, endpoint, pathStyle: true }
using store = await openS3Store({ bucket, prefix, reach, mode: 'read', ...around })
const cache = await openFileCache({ dir, store, bytesMax: 100_000_000, ...around })
const held = await cache.hold(located, new AbortController().signal)
console.log(
  new Set(located.map(({ location }: { location: string }) => held.pathOf(location))).size,
)
await held.release()
