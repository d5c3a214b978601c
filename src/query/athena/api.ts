import type { AthenaClient, QueryExecution } from '@aws-sdk/client-athena'
import { callFault, type Failing, type ReadError } from './faults.ts'

/** A connection that is not there in this time is not there. */
const CONNECT_MS_MAX = 5000
/** Of one call; a query is begun and then looked at, never waited for in one. */
const ANSWER_MS_MAX = 10_000
/** Throttled calls are made again by who looks; a server that is silent costs this often its time. */
const TRIES_MAX = 2
/** The most that GetQueryResults gives. */
const PAGE_ROWS_MAX = 1000

export type AthenaApiOptions = {
  readonly region: string
  /** Null: that of AWS in the region. */
  readonly endpoint: string | null
  readonly readError: ReadError
}

export type QueryRequest = {
  readonly sql: string
  readonly database: string
  readonly workgroup: string
  /** Of two requests with one token, 32 to 128 characters, one starts. */
  readonly token: string
}

/** How an execution stands. */
export type Execution = {
  readonly state: string
  readonly statement: 'DML' | 'DDL' | 'UTILITY'
  readonly scannedBytes: number
  /** Null: it has not failed, nor been cancelled. */
  readonly failing: Failing | null
}

export type ColumnShape = {
  readonly name: string
  readonly type: string
  readonly precision: number
  readonly scale: number
}
export type ResultPage = {
  readonly columns: readonly ColumnShape[]
  /** Every value as text; null: SQL NULL. */
  readonly rows: readonly (readonly (string | null)[])[]
  readonly next: string | null
}

/** Athena's API, as much as a query needs of it. Faults: as callFault has them. */
export type AthenaApi = Disposable & {
  /** Resolves to the execution's id. */
  start(request: QueryRequest): Promise<string>
  look(id: string, signal: AbortSignal): Promise<Execution>
  page(id: string, token: string | null, signal: AbortSignal): Promise<ResultPage>
  stop(id: string): Promise<void>
}

/** The region that the SDK finds by itself: AWS_REGION, else that of the profile. It throws where there is none. */
export async function foundRegion(): Promise<string> {
  const { AthenaClient } = await import('@aws-sdk/client-athena')
  return await new AthenaClient({}).config.region()
}

/** Opens a client with AWS's default chain of credentials. */
export async function openAthenaApi(options: AthenaApiOptions): Promise<AthenaApi> {
  const { region, endpoint, readError } = options
  const sdk = await import('@aws-sdk/client-athena')
  const client: AthenaClient = new sdk.AthenaClient({
    region,
    ...(endpoint !== null && { endpoint }),
    maxAttempts: TRIES_MAX,
    requestHandler: {
      connectionTimeout: CONNECT_MS_MAX,
      requestTimeout: ANSWER_MS_MAX,
      throwOnRequestTimeout: true,
    },
  })
  const host = endpoint === null ? `athena.${region}.amazonaws.com` : endpoint.split('/')[2]
  const during = async <T>(action: string, call: Promise<T>): Promise<T> => {
    try {
      return await call
    } catch (error) {
      const named = error instanceof Error ? Object.assign(error, { host }) : error
      throw callFault(readError, `athena:${action}`, named)
    }
  }
  return {
    start: async ({ sql, database, workgroup, token }) => {
      const started = client.send(
        new sdk.StartQueryExecutionCommand({
          QueryString: sql,
          QueryExecutionContext: { Catalog: 'AwsDataCatalog', Database: database },
          WorkGroup: workgroup,
          ClientRequestToken: token,
        }),
      )
      return (await during('StartQueryExecution', started)).QueryExecutionId ?? ''
    },
    look: async (id, abortSignal) => {
      const command = new sdk.GetQueryExecutionCommand({ QueryExecutionId: id })
      const found = await during('GetQueryExecution', client.send(command, { abortSignal }))
      return executionOf(found.QueryExecution ?? {})
    },
    page: async (id, token, abortSignal) => {
      const command = new sdk.GetQueryResultsCommand({
        QueryExecutionId: id,
        MaxResults: PAGE_ROWS_MAX,
        ...(token !== null && { NextToken: token }),
      })
      const found = await during('GetQueryResults', client.send(command, { abortSignal }))
      const { ResultSet: { Rows = [], ResultSetMetadata = {} } = {}, NextToken = null } = found
      return {
        columns: (ResultSetMetadata.ColumnInfo ?? []).map((info) => ({
          name: info.Label ?? info.Name ?? '',
          type: info.Type ?? 'varchar',
          precision: info.Precision ?? 0,
          scale: info.Scale ?? 0,
        })),
        rows: Rows.map(({ Data = [] }) => Data.map((datum) => datum.VarCharValue ?? null)),
        next: NextToken,
      }
    },
    stop: async (id) => {
      const command = new sdk.StopQueryExecutionCommand({ QueryExecutionId: id })
      await during('StopQueryExecution', client.send(command))
    },
    [Symbol.dispose]: () => client.destroy(),
  }
}

function executionOf({ Status = {}, StatementType, Statistics = {} }: QueryExecution): Execution {
  const { State = 'QUEUED', StateChangeReason, AthenaError } = Status
  const failing =
    State === 'FAILED' || State === 'CANCELLED'
      ? {
          state: State,
          reason: AthenaError?.ErrorMessage ?? StateChangeReason ?? '',
          category: AthenaError?.ErrorCategory ?? null,
          retryable: AthenaError?.Retryable ?? false,
        }
      : null
  return {
    state: State,
    statement: StatementType ?? 'DML',
    scannedBytes: Statistics.DataScannedInBytes ?? 0,
    failing,
  }
}
