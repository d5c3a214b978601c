import type { Table as GlueTable } from '@aws-sdk/client-glue'
import type { Clock } from '../flow/clock.ts'
import { Fault } from '../flow/fault.ts'
import type { Random } from '../flow/random.ts'
import { backoffMs, retry } from '../flow/retry.ts'
import type { Table } from '../market/tables.ts'
import { AGAIN } from './aws-fault.ts'
import type { AwsReach } from './aws-reach.ts'
import type { Catalog, Pointer, TableName } from './catalog.ts'
import { columnsOf } from './glue/columns.ts'
import { glueRequests, type GlueRequests } from './glue/requests.ts'
import { metadataLocation, movedTableInput, newTableInput } from './glue/table-input.ts'

// Of requests that change nothing.
const TRIES = { triesMax: 3, baseMs: 100, capMs: 2_000 } as const
// A swap that Glue turns away undone, being asked too often, is tried again this often within a few seconds.
const BUSY_TRIES_MAX = 5

export type GlueCatalogOptions = {
  readonly reach: AwsReach
  readonly mode: 'write' | 'read'
  /** Whose columns Glue shows from the beginning; those of other tables come with their first writer. */
  readonly tables: readonly Table[]
  /** The folder of a namespace (`market`) or of a table (`market/records`), absolute. */
  readonly location: (folder: string) => string
  readonly clock: Clock
  readonly random: Random
}

export type GlueCatalog = Catalog & {
  /** The region in effect. */
  readonly region: string
}

type Outcome = 'swapped' | 'lost' | 'unknown'
type Opened = Omit<GlueCatalogOptions, 'reach'> & { readonly requests: GlueRequests }

/**
 * The AWS Glue Data Catalog: a namespace is a database. Guarantees: a swap is one UpdateTable that names the
 * version of the table in which `from` was read, so that of two only one is done; it is sent once.
 */
export async function openGlueCatalog(options: GlueCatalogOptions): Promise<GlueCatalog> {
  const { reach, ...rest } = options
  const requests = await glueRequests(reach)
  const opened: Opened = { ...rest, requests }
  return {
    region: requests.region,
    load: async (name) => {
      const table = await read(opened, name)
      return table === null ? null : pointerOf(table, name)
    },
    swap: async (name, from, to) => {
      if (opened.mode === 'read') throw readOnly(name)
      return await untilTaken(opened, name, () =>
        from === null ? create(opened, name, to) : move(opened, name, { from: from.location, to }),
      )
    },
    [Symbol.asyncDispose]: async () => requests[Symbol.dispose](),
  }
}

const read = ({ requests, clock, random }: Opened, name: TableName): Promise<GlueTable | null> =>
  retry(() => requests.getTable(name), { ...TRIES, clock, random })

/** Tries again what Glue surely did not do. */
async function untilTaken(
  { clock, random }: Opened,
  { namespace, name }: TableName,
  act: () => Promise<Outcome | 'busy'>,
): Promise<Outcome> {
  for (let attempt = 0; attempt < BUSY_TRIES_MAX; attempt++) {
    const outcome = await act()
    if (outcome !== 'busy') return outcome
    await clock.sleep(backoffMs(TRIES, attempt, random))
  }
  throw new Fault('unavailable', `Glue is asked too often to change ${namespace}.${name}`, {
    remedy: `${AGAIN} Where this stays, commit less often (land.age) or raise the quota.`,
  })
}

async function move(
  opened: Opened,
  name: TableName,
  { from, to }: { readonly from: string; readonly to: string },
): Promise<Outcome | 'busy'> {
  const table = await read(opened, name)
  const at = table === null ? null : pointerOf(table, name)
  if (table === null || at === null || at.location !== from) return 'lost'
  if (at.token === null) throw withoutVersions(name)
  const input = movedTableInput(table, { from, to })
  const outcome = await opened.requests.updateTable(name.namespace, input, at.token)
  if (outcome === 'done') return 'swapped'
  return outcome === 'stale' ? 'lost' : outcome
}

async function create(opened: Opened, name: TableName, to: string): Promise<Outcome | 'busy'> {
  const { requests, location } = opened
  const input = newTableInput(
    {
      name: name.name,
      location: location(`${name.namespace}/${name.name}`),
      columns: opened.tables.filter((table) => table.name === name.name).flatMap(columnsOf),
    },
    to,
  )
  const send = () => requests.createTable(name.namespace, input)
  let outcome = await send()
  if (outcome === 'no database') {
    await requests.createDatabase(name.namespace, location(name.namespace))
    outcome = await send()
  }
  if (outcome === 'done') return 'swapped'
  if (outcome === 'exists') return 'lost'
  return outcome === 'no database' ? 'unknown' : outcome
}

function pointerOf(table: GlueTable, { namespace, name }: TableName): Pointer {
  const location = metadataLocation(table)
  if (location !== null) return { location, token: table.VersionId ?? null }
  throw new Fault('invalid', `${namespace}.${name} in Glue is no Iceberg table`, {
    remedy: 'Name another database, as TICKLAKE_CATALOG=glue:DATABASE, or drop that table.',
  })
}

const withoutVersions = ({ namespace, name }: TableName): Fault =>
  new Fault('invalid', `${namespace}.${name}: this catalog tells no versions of its tables`, {
    remedy:
      'Two landers could overwrite each other: use AWS Glue, or TICKLAKE_CATALOG=sqlite:FILE.',
  })

const readOnly = ({ namespace, name }: TableName): Fault =>
  new Fault('invalid', `${namespace}.${name} in Glue was opened for reading`, {
    remedy: 'Only `ticklake land` and `ticklake up` write the lake.',
  })
