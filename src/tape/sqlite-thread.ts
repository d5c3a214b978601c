/**
 * The thread that appends to a tape. A commit and above all a checkpoint wait for the disk, 1 to 40 ms on
 * a good one and seconds on a bad one; on the main thread that would delay the socket, date its frames too
 * late and stop the decoding, so they wait here.
 */
import { parentPort, workerData } from 'node:worker_threads'
import { Fault, type FaultKind } from '../flow/fault.ts'
import { openWriter, type Appending, type Writer, type WriterPlace } from './sqlite-writer.ts'

/** To the thread: an append, answered in order, or null: close. */
export type ToThread = Appending | null
export type Failure = {
  readonly kind: FaultKind
  readonly message: string
  readonly remedy: string
}
/** From the thread: ready to append, an append's outcome, or a warning. */
export type FromThread =
  | { readonly kind: 'ready' }
  | { readonly kind: 'appended' }
  | { readonly kind: 'failed'; readonly failure: Failure }
  | { readonly kind: 'warning'; readonly message: string }

const failureOf = (error: unknown): Failure =>
  error instanceof Fault
    ? { kind: error.kind, message: error.message, remedy: error.remedy }
    : {
        kind: 'bug',
        message: error instanceof Error ? (error.stack ?? error.message) : String(error),
        remedy: 'Report this with the message.',
      }

function serve(port: NonNullable<typeof parentPort>, place: WriterPlace): void {
  const say = (message: FromThread) => port.postMessage(message)
  let writer: Writer
  try {
    writer = openWriter(place)
    say({ kind: 'ready' })
  } catch (error) {
    say({ kind: 'failed', failure: failureOf(error) })
    port.close()
    return
  }
  port.on('message', (message: ToThread) => {
    if (message === null) {
      writer[Symbol.dispose]()
      port.close()
      return
    }
    try {
      writer.append(message)
      say({ kind: 'appended' })
    } catch (error) {
      say({ kind: 'failed', failure: failureOf(error) })
    }
    const warning = writer.checkpoint() // after the answer: the appender need not wait for it
    if (warning !== null) say({ kind: 'warning', message: warning })
  })
}

if (parentPort !== null) serve(parentPort, workerData as WriterPlace)
