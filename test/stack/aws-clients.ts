import { execFileSync } from 'node:child_process'
import { GlueClient } from '@aws-sdk/client-glue'
import { S3Client } from '@aws-sdk/client-s3'
import type { Aws } from '../../stack/aws.ts'

const PATIENCE_MS = 20_000 // of a busy machine

/** How a call ended: `ok`, or the error's name and the status of HTTP (-: no answer). */
export type Outcome = string

/** Waits for the end of a call. */
export const outcomeOf = (call: Promise<unknown>): Promise<Outcome> =>
  call.then(
    () => 'ok',
    (error: Error & { $metadata?: { httpStatusCode?: number } }) =>
      `${error.name} ${error.$metadata?.httpStatusCode ?? '-'}`,
  )

export type Whom = Pick<Aws, 'region' | 'accessKeyId' | 'secretAccessKey'> & {
  /** How long an answer is waited for: 20 s. */
  readonly patienceMs?: number
}

/** A client of Glue at a URL, which tries once. */
export const glueAt = (endpoint: string, whom: Whom): GlueClient =>
  new GlueClient({ endpoint, ...clientOptions(whom) })

/** A client of S3 at a URL, which tries once. */
export const s3At = (endpoint: string, whom: Whom): S3Client =>
  new S3Client({ endpoint, forcePathStyle: true, ...clientOptions(whom) })

const clientOptions = ({ region, patienceMs = PATIENCE_MS, ...keys }: Whom) => ({
  region,
  credentials: { accessKeyId: keys.accessKeyId, secretAccessKey: keys.secretAccessKey },
  maxAttempts: 1,
  requestHandler: { requestTimeout: patienceMs, throwOnRequestTimeout: true },
})

/** Whether a process lives; one that has ended and whom nobody has asked about does not. */
export function lives(pid: number): boolean {
  try {
    const args = ['-o', 'stat=', '-p', String(pid)]
    return !execFileSync('ps', args, { encoding: 'utf8' }).startsWith('Z')
  } catch {
    return false
  }
}
