import { existsSync } from 'node:fs'
import { MINIO } from './program.ts'

/**
 * Why a test that starts MinIO is skipped; false: it is built. Building takes minutes, so no test
 * does it by itself, nor does continuous integration ask for it.
 */
export const withoutMinio = (): string | false =>
  existsSync(MINIO) ? false : 'MinIO is not built: `npm run stack -- minio` does it, with Go'
