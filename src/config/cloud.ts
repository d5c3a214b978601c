import type { Account, RunStatement } from '../aws/account.ts'
import type { DoctorOptions } from '../aws/doctor.ts'
import type { Statement } from '../aws/ddl.ts'
import type { SetupOptions } from '../aws/setup.ts'
import { Fault } from '../flow/fault.ts'
import { glueReach, s3Reach } from './aws.ts'
import type { Parts } from './components.ts'
import {
  athenaOf,
  athenaRegion,
  cloudPlaces,
  openAthenaOf,
  trinoAddress,
  type CloudPlaces,
  type EngineName,
} from './engines.ts'
import { openLakeParts } from './lakes.ts'

export type { SetupOptions, StepOutcome } from '../aws/setup.ts'
export type { Finding } from '../aws/doctor.ts'

/** What of AWS is the lake's, opened by the settings; nothing is asked of it yet. */
export type Cloud = Disposable & {
  /** `agreed`: without being asked, as by --yes. */
  readonly setup: (signal: AbortSignal, agreed: boolean) => SetupOptions
  readonly doctor: (signal: AbortSignal) => DoctorOptions
}

/** Faults: `invalid` where the settings name no lake in AWS. */
export async function openCloud(parts: Parts): Promise<Cloud> {
  const places = cloudPlaces(parts)
  const { settings } = parts.loaded
  const workgroup = {
    name: settings['athena.workgroup'],
    output: outputOf(places, settings['athena.output']),
    scanBytesMax: settings['athena.scan_max'],
  }
  using opening = new DisposableStack()
  const account = opening.use(await openAccount(parts))
  const api = opening.use(await openAthenaOf(parts))
  const { execute } = await import('../query/athena/execution.ts')
  const { bucket, prefix, address, database } = places
  const views = (await statementsOf(parts, 'athena')).filter(({ isView }) => isView)
  const options = athenaOf(parts, { api, database })
  const run: RunStatement = async (sql, signal) => void (await execute(options, sql, signal))
  const closing = opening.move()
  return {
    setup: (signal, agreed) => {
      const mayMoveOutput = agreed && settings['athena.output'] !== null
      const where = { database, address, bucket, workgroup, views }
      return { account, run, ...where, mayMoveOutput, signal }
    },
    doctor: (signal) => ({
      account,
      run,
      database,
      bucket,
      prefix,
      workgroup,
      views: views.map(({ name }) => name),
      probeStore: async () => {
        await using _lake = await openLakeParts(parts, 'write')
      },
      nowMs: parts.clock.now(),
      signal,
    }),
    [Symbol.dispose]: () => closing.dispose(),
  }
}

/** What makes the lake one that people can ask, for an engine, in order. */
export async function statementsOf(
  parts: Parts,
  engine: EngineName,
): Promise<readonly (Statement & { readonly isView: boolean })[]> {
  const { ddlStatements } = await import('../aws/ddl.ts')
  const { engineViews } = await import('../query/views.ts')
  const { address: location, database } = cloudPlaces(parts)
  const trino = engine === 'trino' ? await trinoAddress(parts) : null
  const catalog = trino?.catalog ?? 'AwsDataCatalog'
  const views = engineViews({ dialect: engine, database, ...(trino !== null && { catalog }) })
  const names = new Set(views.map(({ name }) => name))
  return ddlStatements({ engine, catalog, database, location, views }).map((statement) => ({
    ...statement,
    isView: names.has(statement.name),
  }))
}

async function openAccount(parts: Parts): Promise<Account> {
  const { openSdkAccount } = await import('../aws/sdk-account.ts')
  const { awsFault } = await import('../lake/aws-fault.ts')
  const { endpoint: s3Endpoint, pathStyle } = s3Reach(parts.loaded)
  return openSdkAccount({
    region: await athenaRegion(parts),
    s3Endpoint,
    pathStyle,
    glueEndpoint: glueReach(parts.loaded).endpoint,
    athenaEndpoint: parts.loaded.settings['athena.endpoint'],
    readError: awsFault,
  })
}

/** Where answers go: beside the lake, never in it, or its own cleaning would have to know them. */
export function outputOf({ bucket, prefix, address }: CloudPlaces, written: string | null): string {
  const beside = prefix === '' ? `s3://${bucket}/ticklake-athena` : `${address}-athena`
  const output = `${(written ?? beside).replace(/\/+$/, '')}/`
  if (!/^s3:\/\/[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]\/[A-Za-z0-9_.=/-]+$/.test(output))
    throw new Fault('invalid', `athena.output takes s3://BUCKET/PREFIX/, not ${written}`, {
      remedy: 'Correct TICKLAKE_ATHENA_OUTPUT, or leave it out.',
    })
  if (prefix !== '' && output.startsWith(`${address}/`))
    throw new Fault('invalid', `athena.output is ${output}, which lies in the lake`, {
      remedy: `Name a place outside of ${address}/, or leave it out.`,
    })
  return output
}
