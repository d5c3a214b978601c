import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Fault } from '../flow/fault.ts'
import { ENGINE, type Account, type CatalogTable, type WorkgroupSpec } from './account.ts'
import { examine, type Finding } from './doctor.ts'
import { planSetup, setUp, type SetupOptions, type StepOutcome } from './setup.ts'

const VIEWS = [
  { name: 'trades', sql: 'CREATE OR REPLACE VIEW trades …' },
  { name: 'bars_1m', sql: 'CREATE OR REPLACE VIEW bars_1m …' },
]
const WORKGROUP = { name: 'ticklake', output: 's3://lake/x-athena/', scanBytesMax: 10e9 }

/** An account in memory; `denied` are the methods that it refuses. */
function memoryAccount(denied: readonly (keyof Account)[] = []) {
  const tables = new Map<string, CatalogTable>()
  const databases = new Set<string>()
  const groups = new Map<string, WorkgroupSpec>()
  const ran: string[] = []
  const may = (name: keyof Account) => {
    if (denied.includes(name))
      throw new Fault('invalid', `no ${String(name)}`, { remedy: `Allow ${String(name)}.` })
  }
  const account: Account = {
    region: 'us-east-1',
    identity: async () => ({ key: 'AKIA…WXYZ', source: 'a profile', expiresMs: null }),
    bucket: async (name) => (name === 'lake' ? { region: 'us-east-1' } : null),
    owns: async () => true,
    versioned: async () => false,
    lifecycle: async () => ({ expiring: [], abortsUploads: true }),
    database: async (name) => {
      may('database')
      return databases.has(name) ? { account: '123456789012' } : null
    },
    makeDatabase: async (name) => {
      may('makeDatabase')
      databases.add(name)
    },
    table: async (_database, name) => tables.get(name) ?? null,
    workgroup: async (name) => {
      may('workgroup')
      const spec = groups.get(name)
      if (spec === undefined) return null
      return { ...spec, enforced: true, enabled: true, engine: ENGINE }
    },
    makeWorkgroup: async (spec) => {
      may('makeWorkgroup')
      groups.set(spec.name, spec)
    },
    changeWorkgroup: async (spec) => void groups.set(spec.name, spec),
    [Symbol.dispose]: () => undefined,
  }
  const options: SetupOptions = {
    account,
    run: async (sql) => {
      ran.push(sql)
      const view = /VIEW (\w+)/.exec(sql)?.[1]
      if (view !== undefined) tables.set(view, { kind: 'view' })
    },
    database: 'market',
    address: 's3://lake/x',
    bucket: 'lake',
    workgroup: WORKGROUP,
    views: VIEWS,
    mayMoveOutput: false,
    signal: new AbortController().signal,
  }
  const land = () =>
    ['records', 'feed_log'].forEach((name) => tables.set(name, { kind: 'iceberg' }))
  return { account, options, ran, groups, tables, land }
}

const words = (outcomes: readonly StepOutcome[]) =>
  Object.fromEntries(outcomes.map(({ name, word }) => [name, word]))

describe('setup', () => {
  test('makes what is missing, and the views once the tables are there', async () => {
    const { options, ran, groups, land } = memoryAccount()
    assert.deepEqual(words(await planSetup(options)), {
      'bucket lake': 'there',
      'database market': 'to make',
      'workgroup ticklake': 'to make',
      'table records': 'waits',
      'table feed_log': 'waits',
      'view trades': 'waits',
      'view bars_1m': 'waits',
    })
    assert.equal(groups.size, 0, 'a plan changes nothing')
    const first = await Array.fromAsync(setUp(options))
    assert.equal(words(first)['workgroup ticklake'], 'made')
    assert.equal(groups.get('ticklake')?.bucketOwner, '123456789012')
    assert.deepEqual(ran, [])
    land()
    assert.deepEqual(words(await Array.fromAsync(setUp(options))), {
      'bucket lake': 'there',
      'database market': 'there',
      'workgroup ticklake': 'there',
      'table records': 'there',
      'table feed_log': 'there',
      'view trades': 'made',
      'view bars_1m': 'made',
    })
    assert.deepEqual(
      ran,
      VIEWS.map(({ sql }) => sql),
    )
    assert.equal(words(await Array.fromAsync(setUp(options)))['view trades'], 'changed')
  })

  test('changes a workgroup that differs, and says in what', async () => {
    const { options, groups } = memoryAccount()
    groups.set('ticklake', { ...WORKGROUP, scanBytesMax: 50e6, bucketOwner: null })
    const outcomes = await Array.fromAsync(setUp(options))
    const { word, says } = outcomes.find(({ name }) => name === 'workgroup ticklake') ?? {}
    assert.deepEqual([word, says], ['changed', 'at most 10 GB a query, not 50 MB'])
    assert.equal(groups.get('ticklake')?.scanBytesMax, 10e9)
  })

  test('leaves a workgroup alone whose answers go elsewhere, unless it is told to move them', async () => {
    const { options, groups } = memoryAccount()
    groups.set('ticklake', { ...WORKGROUP, output: 's3://other/x-athena/', bucketOwner: null })
    const outcomes = await Array.fromAsync(setUp(options))
    const { word, says, remedy } = outcomes.find(({ name }) => name === 'workgroup ticklake') ?? {}
    assert.equal(word, 'refused')
    assert.match(says ?? '', /s3:\/\/other\/x-athena\/.*another lake/)
    assert.match(remedy ?? '', /TICKLAKE_ATHENA_WORKGROUP/)
    assert.equal(groups.get('ticklake')?.output, 's3://other/x-athena/')
    const moved = await Array.fromAsync(setUp({ ...options, mayMoveOutput: true }))
    assert.equal(words(moved)['workgroup ticklake'], 'changed')
    assert.equal(groups.get('ticklake')?.output, WORKGROUP.output)
  })

  test('does nothing without the bucket', async () => {
    const { options, groups } = memoryAccount()
    const outcomes = await Array.fromAsync(setUp({ ...options, bucket: 'none' }))
    assert.deepEqual(words(outcomes), { 'bucket none': 'refused' })
    assert.equal(groups.size, 0)
    assert.deepEqual(words(await planSetup({ ...options, bucket: 'none' })), words(outcomes))
  })

  test('goes on after an answer that cannot be read, and ends where there is none', async () => {
    const { options, account } = memoryAccount()
    const failing = (cause: unknown): SetupOptions => ({
      ...options,
      account: {
        ...account,
        workgroup: async () => {
          throw new Fault('unavailable', 'athena:GetWorkGroup: ?', { remedy: 'Look.', cause })
        },
      },
    })
    const answered = { $metadata: { httpStatusCode: 500 } }
    const outcomes = words(await planSetup(failing(answered)))
    assert.equal(outcomes['workgroup ticklake'], 'refused')
    assert.equal(outcomes['table records'], 'waits')
    await assert.rejects(planSetup(failing(new Error('timed out'))))
  })

  test('tells a cause once', async () => {
    const { options, account } = memoryAccount()
    const nobody = (action: string) => async () => {
      throw new Fault('invalid', `${action}: no credentials`, { remedy: 'Log in.' })
    }
    const closed: Account = {
      ...account,
      bucket: nobody('s3:ListBucket'),
      database: nobody('glue:GetDatabase'),
      workgroup: nobody('athena:GetWorkGroup'),
      table: nobody('glue:GetTable'),
    }
    const outcomes = await planSetup({ ...options, account: closed })
    assert.deepEqual(
      [...new Set(outcomes.slice(1).map(({ word }) => word))].concat(outcomes[0]?.word ?? 'there'),
      ['skipped', 'refused'],
    )
  })

  test('says of a view that was sent and did not come that it was sent', async () => {
    const { options, land } = memoryAccount()
    land()
    const outcomes = words(await Array.fromAsync(setUp({ ...options, run: async () => undefined })))
    assert.equal(outcomes['view trades'], 'sent')
  })

  test('goes on after what it may not do, and names the right', async () => {
    const { options } = memoryAccount(['makeDatabase', 'workgroup'])
    const outcomes = await Array.fromAsync(setUp(options))
    assert.deepEqual(
      outcomes.slice(1, 4).map(({ word, remedy }) => [word, remedy?.slice(0, 20)]),
      [
        ['refused', 'Allow makeDatabase.'],
        ['refused', 'Allow workgroup.'],
        ['waits', '`ticklake land` make'],
      ],
    )
  })

  test('leaves alone a table of another kind that has a name of ours', async () => {
    const { options, tables, ran, land } = memoryAccount()
    land()
    tables.set('trades', { kind: 'other' })
    const outcomes = words(await Array.fromAsync(setUp(options)))
    assert.equal(outcomes['view trades'], 'refused')
    assert.equal(outcomes['view bars_1m'], 'made')
    assert.equal(ran.length, 1)
  })
})

describe('doctor', () => {
  const look = (
    { account, options }: ReturnType<typeof memoryAccount>,
    over: { bucket?: string; prefix?: string } = {},
  ): Promise<Finding[]> =>
    Array.fromAsync(
      examine({
        account,
        run: options.run,
        database: 'market',
        bucket: 'lake',
        prefix: 'x',
        workgroup: WORKGROUP,
        views: VIEWS.map(({ name }) => name),
        probeStore: async () => undefined,
        nowMs: 0,
        signal: options.signal,
        ...over,
      }),
    )
  const wordsOf = (findings: readonly Finding[]) =>
    findings.map(({ name, word }) => `${name} ${word}`)

  test('says ok of everything after setup, landing and setup', async () => {
    const world = memoryAccount()
    world.land()
    await Array.fromAsync(setUp(world.options))
    const findings = await look(world)
    assert.deepEqual(
      findings.filter(({ word }) => word !== 'ok'),
      [],
    )
    assert.deepEqual(
      [...new Set(findings.map(({ name }) => name))],
      'identity region bucket create database tables workgroup views athena'.split(' '),
    )
  })

  test('warns of a workgroup that writes its answers elsewhere', async () => {
    const world = memoryAccount()
    world.land()
    await Array.fromAsync(setUp(world.options))
    world.groups.set('ticklake', { ...WORKGROUP, output: 's3://b/c/', bucketOwner: null })
    const found = (await look(world)).filter(({ word }) => word !== 'ok')
    assert.deepEqual(wordsOf(found), ['workgroup warn'])
    assert.match(found[0]?.says ?? '', /s3:\/\/b\/c\/.*s3:\/\/lake\/x-athena\//)
  })

  test('names what is missing and who makes it', async () => {
    const findings = await look(memoryAccount(), { bucket: 'none' })
    assert.deepEqual(wordsOf(findings), [
      'identity ok',
      'region ok',
      'bucket fail',
      'create ok',
      'database fail',
      'tables skip',
      'tables skip',
      'workgroup fail',
      'views skip',
      'athena ok',
    ])
  })

  test('fails where the bucket itself removes files of the lake', async () => {
    const world = memoryAccount()
    for (const [rule, prefix, isBad] of [
      ['', 'x', true],
      ['x', 'x', true],
      ['x/market/', 'x', true],
      ['x-athena/', 'x', false],
      ['logs/', 'x', false],
      ['logs/', '', true],
    ] as const) {
      const lifecycle = async () => ({ expiring: [rule], abortsUploads: true })
      const account = { ...world.account, lifecycle }
      const findings = await look({ ...world, account }, { prefix })
      const bad = findings.some(({ name, word }) => name === 'bucket' && word === 'fail')
      assert.equal(bad, isBad, `${rule} over ${prefix}`)
    }
  })

  test('goes on after a check that fails', async () => {
    const findings = wordsOf(await look(memoryAccount(['database', 'workgroup'])))
    assert.ok(findings.includes('database fail'))
    assert.ok(findings.includes('athena ok'))
  })
})
