import { createReadStream } from 'node:fs'
import { createGunzip } from 'node:zlib'
import { Fault } from '../flow/fault.ts'
import type { ReplayFrame, ReplaySource } from './replay.ts'
import { memberSlice, trimmed } from './frame.ts'

const LINE_BYTES_MAX = 64 * 1024 * 1024 // no frame of a feed comes near it; a file without line ends must not fill memory
const NEWLINE = 0x0a

/**
 * A file of recorded frames, one JSON object a line, read as it is played; `.gz` too. A line is
 * `{"at": seconds, "dir": "recv" | "send", "frame": {…}}` (`send` lines are the client's and are left out),
 * `{"frame": {…}}` without a time, or the frame itself. A frame's bytes are those of the file.
 * Throws `invalid` with the line's number for anything else, and for a file that cannot be read.
 */
export const recordedFrames = (path: string): ReplaySource => ({
  async *[Symbol.asyncIterator]() {
    let line = 0
    for await (const bytes of lines(path)) {
      line += 1
      if (bytes.length === 0) continue
      const frame = frameOf(bytes, `${path}:${line}`)
      if (frame !== null) yield frame
    }
  },
})

/** The frame in one line of a recording; null: the line was sent by the client. */
export function frameOf(line: Uint8Array, place: string): ReplayFrame | null {
  const { at, dir } = parse(line, place)
  if (dir === 'send') return null
  if (at !== undefined && typeof at !== 'number')
    throw broken(place, 'its "at" is not a number of seconds')
  const frame = memberSlice(line, 'frame')
  return { atMs: at === undefined ? null : at * 1000, bytes: frame ?? line }
}

type Line = { readonly at?: unknown; readonly dir?: unknown }

function parse(line: Uint8Array, place: string): Line {
  try {
    const value: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(line))
    if (value !== null && typeof value === 'object' && !Array.isArray(value)) return value
  } catch (cause) {
    throw broken(place, 'it is not JSON', cause)
  }
  throw broken(place, 'it is not a JSON object')
}

const broken = (place: string, why: string, cause?: unknown): Fault =>
  new Fault('invalid', `${place} is not a recorded frame: ${why}`, {
    remedy: 'Give a file with one recorded frame a line, as JSON (NDJSON).',
    cause,
  })

async function* lines(path: string): AsyncGenerator<Uint8Array> {
  const file = createReadStream(path)
  const bytes = path.endsWith('.gz') ? file.pipe(createGunzip()) : file
  file.on('error', (error) => bytes.destroy(error))
  let rest: Buffer[] = []
  let restBytes = 0
  try {
    for await (const piece of bytes as AsyncIterable<Buffer>) {
      let first = 0
      for (let end = piece.indexOf(NEWLINE); end >= 0; end = piece.indexOf(NEWLINE, first)) {
        yield trimmed(Buffer.concat([...rest, piece.subarray(first, end)]))
        rest = []
        restBytes = 0
        first = end + 1
      }
      rest.push(piece.subarray(first))
      restBytes += piece.length - first
      if (restBytes > LINE_BYTES_MAX) throw broken(path, `a line has over ${LINE_BYTES_MAX} bytes`)
    }
  } catch (cause) {
    if (cause instanceof Fault) throw cause
    throw new Fault('invalid', `cannot read the recording ${path}`, {
      remedy: 'Give the path of a readable file of recorded frames.',
      cause,
    })
  } finally {
    bytes.destroy()
    file.destroy()
  }
  yield trimmed(Buffer.concat(rest))
}
