import { seededRandom } from '../../src/flow/random.ts'

/** What shall go wrong, and for which requests. */
export type Mishap<Kind extends string, Operation extends string> = {
  readonly kind: Kind
  /** Of these operations alone, by the names that AWS gives them; by default of any. */
  readonly operation?: Operation | readonly Operation[]
  /**
   * Of clients alone whose User-Agent contains this: `aws-sdk-js`, `aws-sdk-java` (Trino's too),
   * `Boto3`.
   */
  readonly agent?: string
  /** Of resources alone whose name (table; bucket and key) contains this. */
  readonly resource?: string
  /** How likely for each request, 0 to 1 (1). */
  readonly chance?: number
  /** How often at most; by default for good. */
  readonly times?: number
  /** Of `delay`: milliseconds before the request is passed on. */
  readonly ms?: number
}

export type Request = {
  readonly operation: string
  readonly agent: string
  readonly resource: string
}

/** The mishaps of one proxy. */
export type Mishaps<Kind extends string, Operation extends string> = {
  /** From now on. Of several that fit a request the first still left happens, besides delays. */
  inject(mishap: Mishap<Kind, Operation>): void
  /** Nothing goes wrong any more. */
  clear(): void
  /** How often a kind happened, or all together. */
  happened(kind?: Kind): number
  /** How many requests of an operation came, or of all. */
  seen(operation?: Operation): number
}

/** What befalls a request: it is held for so long, then a kind happens (null: none). */
export type Fate<Kind extends string> = {
  readonly delayMs: number
  readonly kind: Exclude<Kind, 'delay'> | null
}

/** Mishaps decided by a seeded chance, and `befall`, which the proxy asks for each request. */
export function createMishaps<Kind extends string, Operation extends string>(
  seed: number,
): Mishaps<Kind, Operation> & { befall(request: Request): Fate<Kind> } {
  type Waiting = Mishap<Kind, Operation> & { left: number }
  const random = seededRandom(seed)
  const happened = new Map<string, number>()
  const seen = new Map<string, number>()
  let waiting: Waiting[] = []
  const take = (mishap: Waiting) => {
    mishap.left -= 1
    if (mishap.left <= 0) waiting = waiting.filter((other) => other !== mishap)
    count(happened, mishap.kind)
  }
  return {
    inject: (mishap) => {
      waiting.push({ ...mishap, left: mishap.times ?? Infinity })
    },
    clear: () => {
      waiting = []
    },
    happened: (kind) => sum(happened, kind),
    seen: (operation) => sum(seen, operation),
    befall: (request) => {
      count(seen, request.operation)
      let delayMs = 0
      let kind: Fate<Kind>['kind'] = null
      for (const mishap of waiting) {
        const isDelay = mishap.kind === 'delay'
        if (!fits(mishap, request) || (!isDelay && kind !== null)) continue
        if (random.next() >= (mishap.chance ?? 1)) continue
        take(mishap)
        if (isDelay) delayMs += mishap.ms ?? 0
        else kind = mishap.kind as Exclude<Kind, 'delay'>
      }
      return { delayMs, kind }
    },
  }
}

function fits(mishap: Mishap<string, string>, request: Request): boolean {
  const { operation, agent = '', resource = '' } = mishap
  const operations = typeof operation === 'string' ? [operation] : operation
  return (
    (operations === undefined || operations.includes(request.operation)) &&
    request.agent.includes(agent) &&
    request.resource.includes(resource)
  )
}

const count = (counts: Map<string, number>, name: string) =>
  counts.set(name, (counts.get(name) ?? 0) + 1)

const sum = (counts: ReadonlyMap<string, number>, name: string | undefined): number =>
  name === undefined
    ? counts.values().reduce((total, count) => total + count, 0)
    : (counts.get(name) ?? 0)
