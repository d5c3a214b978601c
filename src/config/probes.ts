import { Fault } from '../flow/fault.ts'
import type { Catalog } from '../lake/catalog.ts'
import type { Store } from '../lake/store.ts'
import type { SwapProbe } from '../lake/glue/swap-probe.ts'
import { glueReach, s3Reach } from './aws.ts'
import type { Parts } from './components.ts'
import { lakeText } from './lake-places.ts'

/** A store in a folder that nobody else uses, to try what the disk can do. */
export async function openProbeStore({ clock, random }: Parts, dir: string): Promise<Store> {
  const { openLocalStore } = await import('../lake/local-store.ts')
  return openLocalStore({ dir, mode: 'write', clock, random })
}

/** A catalog in a file that nobody else uses, to try what the disk can do. */
export async function openProbeCatalog(file: string): Promise<Catalog> {
  const { openSqliteCatalog } = await import('../lake/sqlite-catalog.ts')
  return openSqliteCatalog({ file, mode: 'write' })
}

/** The lake's bucket, asked to create as a lander asks it; where it answered. Throws where it cannot keep a lake. */
export async function probeBucket({ loaded, places, clock, random }: Parts): Promise<string> {
  const { lake } = places
  if (lake.kind !== 's3') throw elsewhere(lakeText(places))
  const { openS3Store } = await import('../lake/s3-store.ts')
  const { bucket, prefix } = lake
  const reach = s3Reach(loaded)
  using store = await openS3Store({ bucket, prefix, reach, mode: 'write', clock, random })
  return reach.endpoint ?? store.region
}

/** The lake's database in Glue: whether a swap in it is atomic, and where it answered. */
export async function probeGlue({
  loaded,
  places,
  random,
}: Parts): Promise<{ readonly swap: SwapProbe; readonly where: string }> {
  const { catalog, lake } = places
  if (catalog.kind !== 'glue') throw elsewhere(catalog.file)
  const { glueRequests } = await import('../lake/glue/requests.ts')
  const { probeSwap } = await import('../lake/glue/swap-probe.ts')
  const reach = glueReach(loaded)
  using requests = await glueRequests(reach)
  const { database } = catalog
  const location = `${lakeText({ lake })}/${database}`
  const swap = await probeSwap({ requests, database, location, random })
  return { swap, where: reach.endpoint ?? requests.region }
}

const elsewhere = (where: string): Fault =>
  new Fault('bug', `${where} is probed as if it were in AWS`, {
    remedy: 'Report this with the message and the stack.',
  })
