import { fork } from 'node:child_process'
import type { Query } from '../query/query.ts'
import type { Parts } from './components.ts'
import type { Loaded } from './load.ts'
import { Secret } from './secret.ts'

/** A statement that runs holds one thread of Node's pool; the lake's files are read by the others. */
const POOL_THREADS = '16'
/** Of JavaScript: the rows of a few batches, not more. */
const HEAP_MB = 1024

/**
 * SQL over lake and tape for statements that people write, in a process of its own; see query/apart/apart.ts.
 * Faults: those of `openQuery`.
 */
export async function openQueryApart({ loaded }: Pick<Parts, 'loaded'>): Promise<Query> {
  const { openApart } = await import('../query/apart/apart.ts')
  // Beside this file, and as it: TypeScript in a checkout, JavaScript in the package.
  const script = new URL(import.meta.url.replace(/[^/]+(\.\w+)$/, 'asked-process$1'))
  return await openApart({
    start: () => {
      const child = fork(script, {
        serialization: 'advanced',
        execArgv: [`--max-old-space-size=${HEAP_MB}`, '--disable-warning=ExperimentalWarning'],
        stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
        env: { ...process.env, UV_THREADPOOL_SIZE: POOL_THREADS },
      })
      child.send(packed(loaded))
      return child
    },
  })
}

type Packed = Readonly<Record<string, unknown>>

/** A secret as what is sent to a process of our own over its channel, and never printed. */
const SECRET = 'secret revealed for a process of ours'

export const packed = ({ settings, origins, file, cwd, secrets }: Loaded): Packed => ({
  settings: Object.fromEntries(
    Object.entries(settings).map(([name, value]) => [
      name,
      value instanceof Secret ? { [SECRET]: value.reveal() } : value,
    ]),
  ),
  origins,
  file,
  cwd,
  secrets: new Map([...secrets].map(([name, secret]) => [name, secret.reveal()])),
})

/** The inverse, of what `packed` gave. */
export function unpacked(sent: Packed): Loaded {
  const { settings, secrets, ...rest } = sent as {
    readonly settings: Readonly<Record<string, unknown>>
    readonly secrets: ReadonlyMap<string, string>
  }
  const revealed = Object.entries(settings).map(([name, value]) => [
    name,
    typeof value === 'object' && value !== null && SECRET in value
      ? new Secret(String(value[SECRET]))
      : value,
  ])
  const known = new Map([...secrets].map(([name, text]) => [name, new Secret(text)]))
  return { ...rest, settings: Object.fromEntries(revealed), secrets: known } as unknown as Loaded
}
