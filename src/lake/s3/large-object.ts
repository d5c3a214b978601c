import { isFault } from '../../flow/fault.ts'
import type { Created, Part, S3Requests, Upload } from './requests.ts'

/** Held in memory for each of the parts under way. S3 takes at least 5 MiB a part and 10,000 of them: 160 GB. */
export const PART_BYTES = 16_000_000
const PARTS_AT_ONCE = 4

/** Bytes that are read as they are needed. */
export type Source = {
  readonly size: number
  read(first: number, next: number): Promise<Uint8Array>
}

export type LargeObject = {
  readonly requests: S3Requests
  /** Tries a request again that may be sent twice. */
  readonly again: <T>(act: () => Promise<T>) => Promise<T>
  readonly partBytes?: number
}

/**
 * Creates an object in parts: the last request makes all of it visible, or nothing. Whatever else the end is,
 * the parts are dropped; a process that dies leaves them to the bucket's rule for incomplete uploads.
 */
export async function createInParts(
  key: string,
  source: Source,
  { requests, again, partBytes = PART_BYTES }: LargeObject,
): Promise<Created> {
  const upload = await again(() => requests.startUpload(key))
  let outcome: Created | null = null
  try {
    const parts = await sendParts(upload, source, { requests, again, partBytes })
    outcome = await requests.completeUpload(upload, parts)
    return outcome
  } finally {
    if (outcome !== 'created') await drop(requests, upload)
  }
}

async function sendParts(
  upload: Upload,
  source: Source,
  { requests, again, partBytes }: Required<LargeObject>,
): Promise<readonly Part[]> {
  const count = Math.max(1, Math.ceil(source.size / partBytes))
  const parts: Part[] = []
  let taken = 0
  let failed = false
  const lane = async (): Promise<void> => {
    while (taken < count && !failed) {
      const first = taken++ * partBytes
      try {
        const bytes = await source.read(first, Math.min(source.size, first + partBytes))
        const number = first / partBytes + 1
        parts.push(await again(() => requests.uploadPart(upload, number, bytes)))
      } catch (error) {
        failed = true
        throw error
      }
    }
  }
  // All must have ended before the upload is dropped: a part that comes later would stay, and cost.
  const lanes = await Promise.allSettled(Array.from({ length: PARTS_AT_ONCE }, lane))
  const broken = lanes.find((one) => one.status === 'rejected')
  if (broken !== undefined) throw broken.reason
  return parts.toSorted((a, b) => a.number - b.number)
}

async function drop(requests: S3Requests, upload: Upload): Promise<void> {
  try {
    await requests.abortUpload(upload)
  } catch (error) {
    if (!isFault(error)) throw error // the upload is gone, or the store is away: nothing that is seen
  }
}
