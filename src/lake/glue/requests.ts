import type { Table, TableInput } from '@aws-sdk/client-glue'
import type { Fault } from '../../flow/fault.ts'
import { errorCode, isThrottled } from '../aws-fault.ts'
import { clientOptions, heardOf, regionOf, type AwsReach } from '../aws-reach.ts'
import type { TableName } from '../catalog.ts'
import { glueFault } from './glue-fault.ts'

/** `busy`: Glue asks to come later, and did nothing. `unknown`: the answer was lost; it may be done, or be done yet. */
export type Lost = 'busy' | 'unknown'

/** The requests that a catalog is made of, each sent once; errors are Faults. */
export type GlueRequests = Disposable & {
  readonly region: string
  /** Null: there is no such table, or no such database. */
  getTable(table: TableName): Promise<Table | null>
  createTable(
    database: string,
    input: TableInput,
  ): Promise<'done' | 'exists' | 'no database' | Lost>
  /** `stale`: the table is not at `version` any more. */
  updateTable(
    database: string,
    input: TableInput,
    version: string,
  ): Promise<'done' | 'stale' | Lost>
  deleteTable(table: TableName): Promise<'done' | 'missing'>
  hasDatabase(database: string): Promise<boolean>
  createDatabase(database: string, location: string): Promise<'done' | 'exists'>
}

const CREATING: Readonly<Record<string, 'exists' | 'no database'>> = {
  AlreadyExistsException: 'exists',
  EntityNotFoundException: 'no database',
}
const UPDATING: Readonly<Record<string, 'stale'>> = {
  ConcurrentModificationException: 'stale',
  VersionMismatchException: 'stale',
  EntityNotFoundException: 'stale', // dropped
}

/** The one place that knows the Glue client of the AWS SDK, which is loaded now. */
export async function glueRequests(reach: AwsReach): Promise<GlueRequests> {
  const sdk = await import('@aws-sdk/client-glue')
  const region = await regionOf(reach, () => new sdk.GlueClient().config.region())
  const client = new sdk.GlueClient({ ...clientOptions(reach), region })
  const heard = heardOf(reach, { service: 'glue', region })
  client.middlewareStack.add((next) => (args) => heard(() => next(args)), {
    step: 'finalizeRequest',
    name: 'heard',
  })
  return {
    region,
    getTable: ({ namespace, name }) =>
      attempt(`${namespace}.${name}`, async () => {
        const request = new sdk.GetTableCommand({ DatabaseName: namespace, Name: name })
        return await answered(async () => (await client.send(request)).Table ?? null, MISSING)
      }),
    createTable: (database, input) =>
      changing(`${database}.${input.Name}`, CREATING, () =>
        client.send(new sdk.CreateTableCommand({ DatabaseName: database, TableInput: input })),
      ),
    updateTable: (database, input, version) =>
      changing(`${database}.${input.Name}`, UPDATING, () =>
        client.send(
          new sdk.UpdateTableCommand({
            DatabaseName: database,
            TableInput: input,
            VersionId: version,
            // Glue keeps 100,000 old versions of a table and refuses more: weeks of commits.
            SkipArchive: true,
          }),
        ),
      ),
    deleteTable: ({ namespace, name }) =>
      attempt(`${namespace}.${name}`, async () => {
        const request = new sdk.DeleteTableCommand({ DatabaseName: namespace, Name: name })
        const outcome = await answered(() => client.send(request), MISSING)
        return outcome === null ? 'missing' : 'done'
      }),
    hasDatabase: (database) =>
      attempt(database, async () => {
        const request = new sdk.GetDatabaseCommand({ Name: database })
        return (await answered(() => client.send(request), MISSING)) !== null
      }),
    createDatabase: (database, location) =>
      attempt(database, async () => {
        const DatabaseInput = { Name: database, LocationUri: location }
        const request = new sdk.CreateDatabaseCommand({ DatabaseInput })
        const there = { AlreadyExistsException: null }
        return (await answered(() => client.send(request), there)) === null ? 'exists' : 'done'
      }),
    [Symbol.dispose]: () => client.destroy(),
  }
}

const MISSING = { EntityNotFoundException: null } as const

async function attempt<T>(what: string, act: () => Promise<T>): Promise<T> {
  try {
    return await act()
  } catch (error) {
    throw glueFault(what, error)
  }
}

/** What was sent for, or what one of `answers` says instead by its error. */
async function answered<T, A>(
  send: () => Promise<T>,
  answers: Readonly<Record<string, A>>,
): Promise<T | A> {
  try {
    return await send()
  } catch (error) {
    const code = errorCode(error)
    if (!Object.hasOwn(answers, code)) throw error
    return answers[code] as A
  }
}

/** A request that changes a table: whether a failed one was done is known only where Glue refused it. */
async function changing<A extends string>(
  what: string,
  answers: Readonly<Record<string, A>>,
  send: () => Promise<unknown>,
): Promise<'done' | A | Lost> {
  try {
    await send()
    return 'done'
  } catch (error) {
    const answer = answers[errorCode(error)]
    if (answer !== undefined) return answer
    if (isThrottled(error)) return 'busy'
    const fault: Fault = glueFault(what, error)
    if (fault.kind === 'unavailable') return 'unknown'
    throw fault
  }
}
