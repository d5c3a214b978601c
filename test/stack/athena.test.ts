import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, describe, test } from 'node:test'
import { setUp, type SetupOptions } from '../../src/aws/setup.ts'
import { openSdkAccount } from '../../src/aws/sdk-account.ts'
import type { Account } from '../../src/aws/account.ts'
import { systemClock } from '../../src/flow/clock.ts'
import { isFault } from '../../src/flow/fault.ts'
import { systemRandom } from '../../src/flow/random.ts'
import { awsFault } from '../../src/lake/aws-fault.ts'
import { openAthenaQuery } from '../../src/query/athena.ts'
import { openAthenaApi } from '../../src/query/athena/api.ts'
import { execute } from '../../src/query/athena/execution.ts'
import type { Progress } from '../../src/query/progress.ts'
import { startAws, type Aws } from '../../stack/aws.ts'

const NO_LIMITS = { rowsMax: null, millisMax: null }
const never = () => new AbortController().signal

async function opened(endpoint: string, told: Progress[] = []) {
  const api = await openAthenaApi({ region: 'us-east-1', endpoint, readError: awsFault })
  const options = {
    api,
    database: 'market',
    workgroup: 'ticklake',
    priceUsd: 5,
    clock: systemClock,
    random: systemRandom,
    tell: (progress: Progress) => void told.push(progress),
  }
  return { options, query: openAthenaQuery(options) }
}

const accountAt = (endpoint: string): Promise<Account> =>
  openSdkAccount({
    region: 'us-east-1',
    s3Endpoint: endpoint,
    glueEndpoint: endpoint,
    athenaEndpoint: endpoint,
    pathStyle: true,
    readError: awsFault,
  })

// What the SDK's chain finds in this process, which is this file's alone.
Object.assign(process.env, { AWS_ACCESS_KEY_ID: 'AKIATESTTESTTEST', AWS_SECRET_ACCESS_KEY: 'x' })

describe('Athena, as moto has it', () => {
  let aws: Aws
  let account: Account
  before(async () => {
    aws = await startAws()
    account = await accountAt(aws.moto)
  })
  after(async () => {
    account[Symbol.dispose]()
    await aws[Symbol.asyncDispose]()
  })

  /** What the next statements are answered with, in their order. */
  const queue = async (results: readonly object[]): Promise<void> => {
    const body = JSON.stringify({ results })
    const answer = await fetch(`${aws.moto}/moto-api/static/athena/query-results`, {
      method: 'POST',
      body,
      headers: { 'Content-Type': 'application/json' },
    })
    assert.equal(answer.status, 201)
  }
  /** A statement goes on to its next state after so many looks at it. */
  const stayingQueued = async (times: number): Promise<void> => {
    const transition = { progression: 'manual', times }
    const answer = await fetch(`${aws.moto}/moto-api/state-manager/set-transition`, {
      method: 'POST',
      body: JSON.stringify({ model_name: 'athena::execution', transition }),
      headers: { 'Content-Type': 'application/json' },
    })
    assert.equal(answer.status, 201)
  }
  const result = (
    columns: Readonly<Record<string, string>>,
    rows: readonly (string | null)[][],
  ) => ({
    column_info: Object.entries(columns).map(([Name, Type]) => ({
      CatalogName: 'hive',
      SchemaName: '',
      TableName: '',
      Name,
      Label: Name,
      Type,
      Precision: Type === 'decimal' ? 38 : 0,
      Scale: 0,
      Nullable: 'UNKNOWN',
      CaseSensitive: false,
    })),
    rows: rows.map((row) => ({
      Data: row.map((value) => (value === null ? {} : { VarCharValue: value })),
    })),
  })

  test('setup makes database and workgroup, and finds them the next time', async () => {
    const { options: athena } = await opened(aws.moto)
    const options: SetupOptions = {
      account,
      run: async (sql, signal) => void (await execute(athena, sql, signal)),
      database: 'market',
      address: `s3://${aws.bucket}/x`,
      bucket: aws.bucket,
      workgroup: {
        name: 'ticklake',
        output: `s3://${aws.bucket}/x-athena/`,
        scanBytesMax: 10_000_000_000,
      },
      views: [],
      mayMoveOutput: false,
      signal: never(),
    }
    const words = async () => (await Array.fromAsync(setUp(options))).map(({ word }) => word)
    assert.deepEqual((await words()).slice(0, 3), ['there', 'made', 'made'])
    assert.deepEqual((await words()).slice(0, 3), ['there', 'there', 'there'])
    assert.deepEqual(await account.workgroup('ticklake'), {
      output: `s3://${aws.bucket}/x-athena/`,
      scanBytesMax: 10_000_000_000,
      enforced: true,
      engine: 'Athena engine version 3',
      enabled: true,
    })
    assert.equal(await account.workgroup('none'), null)
    assert.deepEqual(await account.database('market'), { account: '123456789012' })
    assert.equal(await account.table('market', 'records'), null)
    assert.equal((await account.bucket(aws.bucket))?.region, 'us-east-1')
    assert.equal(await account.bucket('there-is-none'), null)
    assert.deepEqual(await account.lifecycle(aws.bucket), {
      expiring: [],
      abortsUploads: false,
    })
    assert.match((await account.identity()).key, /^AKIA…TEST$/)
  })

  test('a statement goes to database and workgroup, and its answer is read', async () => {
    await queue([
      result({ n: 'bigint', t: 'varchar', d: 'decimal' }, [
        ['n', 't', 'd'],
        ['9223372036854775807', '', '1.50'],
        [null, null, null],
      ]),
    ])
    const { query } = await opened(aws.moto)
    const answer = await query.run('SELECT n, t, d FROM x', NO_LIMITS, never())
    assert.deepEqual((await Array.fromAsync(answer.batches)).flat(), [
      [9_223_372_036_854_775_807n, '', '1.50'],
      [null, null, null],
    ])
    await query[Symbol.asyncDispose]()
  })

  test('a statement that is aborted is stopped there', async () => {
    await stayingQueued(100)
    const stop = new AbortController()
    const told: Progress[] = []
    const { query, options } = await opened(aws.moto, told)
    const tell = (progress: Progress) => {
      told.push(progress)
      stop.abort()
    }
    const running = openAthenaQuery({ ...options, tell }).run('SELECT 2', NO_LIMITS, stop.signal)
    await assert.rejects(running, (error) => isFault(error, 'closed'))
    assert.deepEqual([told.at(-1)?.state, told.at(-1)?.ended], ['CANCELLED', true])
    await stayingQueued(1)
    await query[Symbol.asyncDispose]()
  })

  test('a workgroup that is not there is for setup to make', async () => {
    const { options } = await opened(aws.moto)
    const query = openAthenaQuery({ ...options, workgroup: 'none' })
    await assert.rejects(query.run('SELECT 1', NO_LIMITS, never()), (error) => {
      assert.ok(isFault(error, 'invalid'))
      assert.match(error.remedy, /ticklake aws setup/)
      return true
    })
  })
})

type Reply = { readonly status?: number; readonly body: object }

/** What speaks Athena's protocol (AWS JSON 1.1) and answers as it is told; what it is asked is kept. */
async function standIn(answer: (action: string, count: number) => Reply) {
  const asked: { readonly action: string; readonly body: Record<string, unknown> }[] = []
  const server = createServer((request, response) => {
    let text = ''
    request.setEncoding('utf8').on('data', (piece: string) => (text += piece))
    request.on('end', () => {
      const action = String(request.headers['x-amz-target']).replace('AmazonAthena.', '')
      asked.push({ action, body: JSON.parse(text) as Record<string, unknown> })
      const count = asked.filter((one) => one.action === action).length
      const { status = 200, body } = answer(action, count)
      response.writeHead(status, { 'Content-Type': 'application/x-amz-json-1.1' })
      response.end(JSON.stringify(body))
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    url,
    asked,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

const execution = (State: string, rest: object = {}, bytes = 0): Reply => ({
  body: {
    QueryExecution: {
      QueryExecutionId: 'q',
      StatementType: 'DML',
      Status: { State, ...rest },
      Statistics: { DataScannedInBytes: bytes },
    },
  },
})
const started: Reply = { body: { QueryExecutionId: 'q' } }
const refusal = (name: string, Message: string): Reply => ({
  status: 400,
  body: { __type: name, Message },
})

describe('Athena, as moto does not have it', () => {
  test('progress, then three pages, each fetched when it is read', async () => {
    const row = (value: string) => ({ Data: [{ VarCharValue: value }] })
    const meta = { ColumnInfo: [{ Name: 'n', Label: 'n', Type: 'integer' }] }
    const page = (values: readonly string[], NextToken?: string): Reply => ({
      body: { ResultSet: { Rows: values.map(row), ResultSetMetadata: meta }, NextToken },
    })
    const pages = [page(['n', '1', '2'], 'two'), page(['3', '4'], 'three'), page(['5'])]
    await using athena = await standIn((action, count) => {
      if (action === 'StartQueryExecution') return started
      if (action === 'GetQueryResults') return pages[count - 1] ?? pages[0] ?? started
      return (
        [execution('QUEUED'), execution('RUNNING', {}, 5e9)][count - 1] ??
        execution('SUCCEEDED', {}, 8e9)
      )
    })
    const told: Progress[] = []
    const { query } = await opened(athena.url, told)
    const answer = await query.run('SELECT n', NO_LIMITS, never())
    assert.deepEqual(
      told.map(({ state, scannedBytes, cost }) => [state, scannedBytes, cost]),
      [
        ['QUEUED', 0, 0],
        ['RUNNING', 5e9, 0.025],
        ['SUCCEEDED', 8e9, 0.04],
      ],
    )
    const fetched = () => athena.asked.filter(({ action }) => action === 'GetQueryResults')
    assert.equal(fetched().length, 1)
    assert.deepEqual((await Array.fromAsync(answer.batches)).flat(2), [1, 2, 3, 4, 5])
    assert.deepEqual(
      fetched().map(({ body }) => body['NextToken']),
      [undefined, 'two', 'three'],
    )
    const start = athena.asked[0]?.body
    assert.equal(start?.['WorkGroup'], 'ticklake')
    assert.deepEqual(start?.['QueryExecutionContext'], {
      Catalog: 'AwsDataCatalog',
      Database: 'market',
    })
    assert.ok(String(start?.['ClientRequestToken']).length >= 32)
    assert.equal(fetched()[0]?.body['MaxResults'], 1000)
    await query[Symbol.asyncDispose]()
  })

  test('a query that fails is told in its words', async () => {
    const reason = "COLUMN_NOT_FOUND: line 1:8: Column 'x' cannot be resolved"
    const AthenaError = {
      ErrorCategory: 2,
      ErrorType: 1006,
      Retryable: false,
      ErrorMessage: reason,
    }
    await using athena = await standIn((action) =>
      action === 'StartQueryExecution'
        ? started
        : execution('FAILED', { StateChangeReason: reason, AthenaError }),
    )
    const { query } = await opened(athena.url)
    await assert.rejects(query.run('SELECT x', NO_LIMITS, never()), (error) => {
      assert.ok(isFault(error, 'invalid'))
      assert.equal(error.message, `Athena: ${reason}`)
      return true
    })
    assert.ok(!athena.asked.some(({ action }) => action === 'StopQueryExecution'))
  })

  test('what is refused names the right, what is busy asks for patience', async () => {
    const cases = [
      [refusal('AccessDeniedException', 'no'), 'invalid', /Allow athena:StartQueryExecution/],
      [
        refusal('InvalidRequestException', 'WorkGroup ticklake is not found.'),
        'invalid',
        /aws setup/,
      ],
      [refusal('InvalidRequestException', 'line 1:1: mismatched'), 'invalid', /Correct/],
      [refusal('TooManyRequestsException', 'quota'), 'unavailable', /again in a while/],
    ] as const
    for (const [reply, kind, remedy] of cases) {
      await using athena = await standIn(() => reply)
      const { query } = await opened(athena.url)
      await assert.rejects(query.run('SELECT 1', NO_LIMITS, never()), (error) => {
        assert.ok(isFault(error, kind), String(error))
        assert.match(error.remedy, remedy)
        return true
      })
    }
  })

  test('a query whose state cannot be seen any more is stopped', async () => {
    await using athena = await standIn((action) => {
      if (action === 'StartQueryExecution') return started
      if (action === 'StopQueryExecution') return { body: {} }
      return refusal('AccessDeniedException', 'no')
    })
    const { query } = await opened(athena.url)
    await assert.rejects(query.run('SELECT 1', NO_LIMITS, never()), /GetQueryExecution/)
    assert.ok(athena.asked.some(({ action }) => action === 'StopQueryExecution'))
  })

  test('a workgroup that differs is changed, all of it', async () => {
    const found = {
      Name: 'ticklake',
      State: 'ENABLED',
      Configuration: {
        ResultConfiguration: { OutputLocation: 's3://elsewhere/' },
        EnforceWorkGroupConfiguration: false,
        EngineVersion: {
          SelectedEngineVersion: 'AUTO',
          EffectiveEngineVersion: 'Athena engine version 3',
        },
      },
    }
    await using athena = await standIn((action) =>
      action === 'GetWorkGroup' ? { body: { WorkGroup: found } } : { body: {} },
    )
    using account = await accountAt(athena.url)
    assert.deepEqual(await account.workgroup('ticklake'), {
      output: 's3://elsewhere/',
      scanBytesMax: null,
      enforced: false,
      engine: 'Athena engine version 3',
      enabled: true,
    })
    await account.changeWorkgroup({
      name: 'ticklake',
      output: 's3://lake/x-athena/',
      scanBytesMax: 10e9,
      bucketOwner: '123456789012',
    })
    assert.deepEqual(athena.asked.at(-1), {
      action: 'UpdateWorkGroup',
      body: {
        WorkGroup: 'ticklake',
        State: 'ENABLED',
        ConfigurationUpdates: {
          EnforceWorkGroupConfiguration: true,
          BytesScannedCutoffPerQuery: 10e9,
          EngineVersion: { SelectedEngineVersion: 'Athena engine version 3' },
          ResultConfigurationUpdates: {
            OutputLocation: 's3://lake/x-athena/',
            ExpectedBucketOwner: '123456789012',
          },
        },
      },
    })
  })

  test('a bucket of another region is told by that, a forbidden one by the right', async () => {
    let status = 301
    const server = createServer((_request, response) => {
      response.writeHead(status, status === 301 ? { 'x-amz-bucket-region': 'eu-west-1' } : {})
      response.end()
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    using held = new DisposableStack()
    held.defer(() => {
      server.closeAllConnections()
      server.close()
    })
    using account = await accountAt(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
    assert.deepEqual(await account.bucket('lake'), { region: 'eu-west-1' })
    status = 403
    await assert.rejects(account.bucket('lake'), (error) => {
      assert.ok(isFault(error, 'invalid'), String(error))
      assert.match(error.remedy, /Allow s3:ListBucket/)
      return true
    })
    status = 404
    assert.equal(await account.bucket('lake'), null)
  })
})
