import { AthenaClient, DeleteWorkGroupCommand } from '@aws-sdk/client-athena'
import {
  DeleteDatabaseCommand,
  DeleteTableCommand,
  GetTablesCommand,
  GlueClient,
} from '@aws-sdk/client-glue'
import {
  AbortMultipartUploadCommand,
  DeleteObjectsCommand,
  GetBucketVersioningCommand,
  ListMultipartUploadsCommand,
  ListObjectVersionsCommand,
  ListObjectsV2Command,
  S3Client,
  type ObjectIdentifier,
} from '@aws-sdk/client-s3'

/** All that a run makes has one of these names, and nothing else has. */
export type Names = {
  readonly bucket: string
  /** Of the lake's folder, and with `-athena` of the answers'. */
  readonly prefix: string
  readonly database: string
  readonly workgroup: string
}

export const namesOf = (bucket: string, id: string): Names => ({
  bucket,
  prefix: `ticklake-smoke-${id}`,
  database: `ticklake_smoke_${id}`,
  workgroup: `ticklake-smoke-${id}`,
})

/** Removes all that has the names; what cannot be removed is told, and the rest goes. True: nothing is left. */
export async function tearDown(names: Names, tell: (line: string) => void): Promise<boolean> {
  const steps = [
    [`workgroup ${names.workgroup}`, () => removeWorkgroup(names)],
    [`database ${names.database}`, () => removeDatabase(names)],
    [`s3://${names.bucket}/${names.prefix}/`, () => removeObjects(names, `${names.prefix}/`)],
    [
      `s3://${names.bucket}/${names.prefix}-athena/`,
      () => removeObjects(names, `${names.prefix}-athena/`),
    ],
  ] as const
  let isClean = true
  for (const [what, remove] of steps) {
    try {
      tell(`removed ${what}${await remove()}`)
    } catch (error) {
      isClean = false
      tell(`LEFT BEHIND ${what}: ${error instanceof Error ? error.message : String(error)}`)
    }
  }
  return isClean
}

const isMissing = (error: unknown): boolean =>
  error instanceof Error &&
  (error.name === 'EntityNotFoundException' || /not found|does not exist/i.test(error.message))

async function unlessMissing(call: Promise<unknown>): Promise<void> {
  await call.catch((error: unknown) => {
    if (!isMissing(error)) throw error
  })
}

async function removeWorkgroup({ workgroup }: Names): Promise<string> {
  const athena = new AthenaClient()
  const input = { WorkGroup: workgroup, RecursiveDeleteOption: true }
  await unlessMissing(athena.send(new DeleteWorkGroupCommand(input)))
  return ''
}

async function removeDatabase({ database }: Names): Promise<string> {
  const glue = new GlueClient()
  let tables = 0
  try {
    const { TableList = [] } = await glue.send(new GetTablesCommand({ DatabaseName: database }))
    for (const { Name } of TableList) {
      const input = { DatabaseName: database, Name }
      await unlessMissing(glue.send(new DeleteTableCommand(input)))
      tables += 1
    }
    await glue.send(new DeleteDatabaseCommand({ Name: database }))
  } catch (error) {
    if (!isMissing(error)) throw error
  }
  return `, ${tables} tables and views`
}

async function removeObjects({ bucket: Bucket }: Names, Prefix: string): Promise<string> {
  const s3 = storeClient()
  let count = 0
  for (;;) {
    const { Contents = [] } = await s3.send(new ListObjectsV2Command({ Bucket, Prefix }))
    if (Contents.length === 0) break
    count += await removeAll(
      s3,
      Bucket,
      Contents.map(({ Key }) => ({ Key })),
    )
  }
  const { Status } = await s3.send(new GetBucketVersioningCommand({ Bucket }))
  for (let isKept = Status !== undefined; isKept;) {
    const page = await s3.send(new ListObjectVersionsCommand({ Bucket, Prefix }))
    const all = [...(page.Versions ?? []), ...(page.DeleteMarkers ?? [])]
    isKept = all.length > 0
    if (isKept)
      await removeAll(
        s3,
        Bucket,
        all.map(({ Key, VersionId }) => ({ Key, VersionId })),
      )
  }
  const { Uploads = [] } = await s3.send(new ListMultipartUploadsCommand({ Bucket, Prefix }))
  for (const { Key, UploadId } of Uploads)
    await s3.send(new AbortMultipartUploadCommand({ Bucket, Key, UploadId }))
  return `, ${count} objects`
}

async function removeAll(
  s3: S3Client,
  Bucket: string,
  keys: readonly Partial<ObjectIdentifier>[],
): Promise<number> {
  const Objects = keys.map(({ Key = '', ...rest }) => ({ Key, ...rest }))
  const command = new DeleteObjectsCommand({ Bucket, Delete: { Objects, Quiet: true } })
  const { Errors = [] } = await s3.send(command)
  const [first] = Errors
  if (first !== undefined) throw new Error(`${first.Key}: ${first.Code} ${first.Message}`)
  return keys.length
}

/** A store on this machine has no host for each bucket. */
const storeClient = (): S3Client =>
  new S3Client({ forcePathStyle: process.env['AWS_ENDPOINT_URL_S3'] !== undefined })
