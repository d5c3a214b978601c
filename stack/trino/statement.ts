import { setTimeout as delay } from 'node:timers/promises'
import { Fault } from '../../src/flow/fault.ts'

/** What a statement gave: a row is an array of JSON values, in the order of the columns. */
export type Result = {
  readonly columns: readonly { readonly name: string; readonly type: string }[]
  readonly rows: readonly (readonly unknown[])[]
}

export type Session = {
  readonly url: string
  readonly catalog: string
  readonly schema: string | null
  readonly user: string
}

/** One answer of the protocol (Trino documentation, "Trino client REST API"). */
type Page = {
  readonly nextUri?: string
  readonly columns?: Result['columns']
  readonly data?: Result['rows']
  readonly error?: { readonly message: string; readonly errorName: string }
}

const RETRY_MS = 50
const RETRIES_MAX = 200 // a server that starts, or is busy, answers 503

/**
 * Runs a statement to its end. Faults: `invalid` with the server's name of the error and its
 * message, `unavailable` when it does not answer.
 */
export async function runStatement(sql: string, session: Session): Promise<Result> {
  const headers: Record<string, string> = {
    'x-trino-user': session.user,
    'x-trino-catalog': session.catalog,
    ...(session.schema === null ? {} : { 'x-trino-schema': session.schema }),
  }
  const rows: (readonly unknown[])[] = []
  let columns: Result['columns'] = []
  let page = await ask(`${session.url}/v1/statement`, { method: 'POST', headers, body: sql })
  for (;;) {
    if (page.error !== undefined) throw refused(page.error)
    columns = page.columns ?? columns
    rows.push(...(page.data ?? []))
    if (page.nextUri === undefined) return { columns, rows }
    page = await ask(page.nextUri, { headers })
  }
}

async function ask(url: string, init: RequestInit): Promise<Page> {
  for (let tries = 0; tries < RETRIES_MAX; tries++) {
    const response = await fetch(url, init)
    if (response.ok) return (await response.json()) as Page
    const said = await response.text()
    if (![502, 503, 504].includes(response.status))
      throw silent(`Trino answered ${response.status}: ${said}`)
    await delay(RETRY_MS)
  }
  throw silent('Trino is busy')
}

const silent = (message: string): Fault =>
  new Fault('unavailable', message, { remedy: 'Read its log.' })

const refused = ({ errorName, message }: { errorName: string; message: string }): Fault =>
  new Fault('invalid', `${errorName}: ${message}`, { remedy: 'Change the statement.' })
