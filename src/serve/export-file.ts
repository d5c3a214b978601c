import { mkdir, mkdtemp, open, rm, type FileHandle } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Fault } from '../flow/fault.ts'
import { ownPrefix, removeLeftovers } from '../flow/leftovers.ts'

/** As much of a file is read at once as a socket takes well. */
const PIECE_BYTES = 256 * 1024

/** Files of exports on their way, in folders `export-<host>-<pid>-…` below one of this machine. */
export type ExportFiles = {
  /**
   * Has `write` make the file at a path, and gives its bytes. The file has no name any more then, so that it is
   * gone when it was read, or left, or the process ends.
   */
  readonly made: (write: (path: string) => Promise<unknown>) => Promise<MadeFile>
}
export type MadeFile = { readonly bytes: number; readonly pieces: AsyncIterable<Uint8Array> }

/** Removes what processes of this host that are gone have left. */
export function openExportFiles(spillDir: string = tmpdir()): ExportFiles {
  const swept = removeLeftovers(spillDir, 'export')
  return {
    made: async (write) => {
      await swept
      try {
        await mkdir(spillDir, { recursive: true })
        const folder = await mkdtemp(join(spillDir, ownPrefix('export')))
        try {
          const path = join(folder, 'export')
          await write(path)
          const file = await open(path)
          return { bytes: (await file.stat()).size, pieces: piecesOf(file) }
        } finally {
          await rm(folder, { recursive: true, force: true })
        }
      } catch (error) {
        throw full(error) ? noRoom(spillDir, error) : error
      }
    },
  }
}

/** Closes the file at its end, and when it is left, also before anything was read. */
function piecesOf(file: FileHandle): AsyncIterable<Uint8Array> {
  const over = async () => {
    await file.close()
    return { done: true, value: undefined } as const
  }
  const next = async () => {
    const { bytesRead, buffer } = await file.read(new Uint8Array(PIECE_BYTES), 0, PIECE_BYTES)
    return bytesRead === 0 ? await over() : { done: false, value: buffer.subarray(0, bytesRead) }
  }
  return { [Symbol.asyncIterator]: () => ({ next, return: over }) }
}

const codeOf = (error: unknown): unknown =>
  error instanceof Error && 'code' in error ? error.code : null
const full = (error: unknown) => codeOf(error) === 'ENOSPC' || codeOf(error) === 'EDQUOT'

const noRoom = (spillDir: string, cause: unknown): Fault =>
  new Fault('unavailable', `there is no room for the export in ${spillDir}`, {
    remedy: 'Free space on that disk, or export less.',
    cause,
  })
