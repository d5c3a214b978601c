import { Fault } from '../flow/fault.ts'
import type { AthenaApi } from '../query/athena/api.ts'
import type { Tell } from '../query/progress.ts'
import type { Query } from '../query/query.ts'
import type { TrinoAddress } from '../query/trino/address.ts'
import type { Parts } from './components.ts'

export type { Progress, Tell } from '../query/progress.ts'

/** Engines of others that ask the lake. */
export const ENGINES = ['athena', 'trino'] as const
export type EngineName = (typeof ENGINES)[number]

export type Engine = {
  readonly name: EngineName
  /** As it is written. */
  readonly title: string
  /** The schema of the tables there. */
  readonly schema: string
  readonly query: Query
}

/** An engine as the settings say; nothing is asked of it yet. Faults: `invalid` where they do not. */
export async function openEngine(parts: Parts, name: EngineName, tell: Tell): Promise<Engine> {
  return name === 'athena' ? openAthena(parts, tell) : openTrino(parts, tell)
}

async function openTrino(parts: Parts, tell: Tell): Promise<Engine> {
  const { openTrinoQuery } = await import('../query/trino.ts')
  const { clock, random, loaded } = parts
  const { 'trino.url': url, 'trino.password': password } = loaded.settings
  if (url === null)
    throw new Fault('invalid', 'trino.url is not set', {
      remedy: 'Name the server by TICKLAKE_TRINO_URL=https://USER@HOST/CATALOG/SCHEMA.',
    })
  const address = await trinoAddress(parts)
  const reveal = password === null ? null : () => password.reveal()
  const query = openTrinoQuery({ address, password: reveal, clock, random, tell })
  return { name: 'trino', title: 'Trino', schema: address.schema, query }
}

/** By the settings; without them that of a server on this machine. */
export async function trinoAddress({ loaded: { settings } }: Parts): Promise<TrinoAddress> {
  const { parseTrinoAddress } = await import('../query/trino/address.ts')
  const { 'trino.url': url, 'trino.password': password } = settings
  return parseTrinoAddress(url ?? 'http://localhost:8080', url !== null && password !== null)
}

async function openAthena(parts: Parts, tell: Tell): Promise<Engine> {
  const { openAthenaQuery } = await import('../query/athena.ts')
  const { database } = cloudPlaces(parts)
  const api = await openAthenaOf(parts)
  const query = openAthenaQuery({ ...athenaOf(parts, { api, database }), tell })
  return { name: 'athena', title: 'Athena', schema: database, query }
}

/** What every statement to Athena needs, by the settings. */
export const athenaOf = (
  { clock, random, loaded: { settings } }: Parts,
  { api, database }: { readonly api: AthenaApi; readonly database: string },
) => ({
  api,
  database,
  workgroup: settings['athena.workgroup'],
  priceUsd: Number(settings['athena.price']),
  clock,
  random,
})

/** Athena's API by the settings. */
export async function openAthenaOf(parts: Parts): Promise<AthenaApi> {
  const { openAthenaApi } = await import('../query/athena/api.ts')
  const { awsFault } = await import('../lake/aws-fault.ts')
  const { 'athena.endpoint': endpoint } = parts.loaded.settings
  return openAthenaApi({ region: await athenaRegion(parts), endpoint, readError: awsFault })
}

/** That of the bucket and the catalog, where Athena is too. Faults: `invalid` where none is set. */
export async function athenaRegion({ loaded: { settings } }: Parts): Promise<string> {
  const { regionOf } = await import('../lake/aws-reach.ts')
  const { foundRegion } = await import('../query/athena/api.ts')
  const endpoint = settings['athena.endpoint'] ?? settings['s3.endpoint']
  return await regionOf({ region: settings['aws.region'], endpoint }, foundRegion)
}

export type CloudPlaces = {
  readonly bucket: string
  readonly prefix: string
  /** `s3://bucket/prefix`, without a slash at its end. */
  readonly address: string
  readonly database: string
}

/** Where the lake lies on S3 and in Glue. Faults: `invalid` where it does not: Athena reads no other. */
export function cloudPlaces({ places: { lake, catalog } }: Parts): CloudPlaces {
  if (lake.kind === 's3' && catalog.kind === 'glue') {
    const { bucket, prefix, address } = lake
    return { bucket, prefix, address, database: catalog.database }
  }
  const why =
    lake.kind === 's3' ? 'its catalog is not Glue' : `it lies in ${lake.dir}, on this disk`
  throw new Fault('invalid', `Athena cannot read this lake: ${why}`, {
    remedy:
      'Name one by TICKLAKE_LAKE=s3://BUCKET/PREFIX, with TICKLAKE_CATALOG=glue:DATABASE or none.',
  })
}
