import { createHash } from 'node:crypto'
import type { DeleteObjectsCommand } from '@aws-sdk/client-s3'

/** As the header Content-MD5 holds it: base64. */
export const md5 = (body: Uint8Array | string): string =>
  createHash('md5').update(body).digest('base64')

/** Gives the request a Content-MD5, which older stores demand, for the checksums of today, which they refuse. */
export function digestByMd5(command: DeleteObjectsCommand): void {
  command.middlewareStack.add(
    (next) => (args) => {
      const { headers, body } = args.request as { headers: Record<string, string>; body: string }
      for (const name of Object.keys(headers))
        if (/^x-amz-(sdk-)?checksum-/i.test(name)) delete headers[name]
      headers['content-md5'] = md5(body)
      return next(args)
    },
    { name: 'contentMd5', step: 'build', priority: 'low' },
  )
}
