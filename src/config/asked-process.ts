import { serveApart } from '../query/apart/serve-apart.ts'
import { openQuery } from './asking.ts'
import { unpacked } from './asking-apart.ts'
import { partsOf } from './components.ts'

/** What a process with DuckDB and an idle heap takes, and what its answers may; the rest is query.memory. */
const BESIDE_BYTES = 1_000_000_000

// The process that config/asking-apart.ts starts: its settings are the first message.
process.once('message', (sent: Readonly<Record<string, unknown>>) => {
  const loaded = unpacked(sent)
  const bytesMax = loaded.settings['query.memory'] * 1.25 + BESIDE_BYTES
  void serveApart(() => openQuery(partsOf(loaded)), bytesMax)
})
