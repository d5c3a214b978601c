import { Worker } from 'node:worker_threads'
import { Fault } from '../flow/fault.ts'
import type { Logger } from '../flow/log.ts'
import type { FromThread, ToThread } from './sqlite-thread.ts'
import type { Appending, WriterPlace } from './sqlite-writer.ts'

export type Appender = AsyncDisposable & {
  /** Durable when it resolves. Takes the arrays over: they are moved to the thread. */
  append(appending: Appending): Promise<void>
}

type Waiting = { readonly done: () => void; readonly fail: (error: unknown) => void }

/** Starts the thread that appends to the tape in `settings.dir`; it ends when disposed, after what is under way. */
export async function startAppender(settings: WriterPlace, log: Logger): Promise<Appender> {
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js'
  const worker = new Worker(new URL(`./sqlite-thread.${extension}`, import.meta.url), {
    workerData: settings,
  })
  const waiting: Waiting[] = []
  let gone: Fault | null = null
  const wait = async (): Promise<void> => {
    if (gone !== null) throw gone
    worker.ref() // an append under way keeps the process alive, an idle tape does not
    try {
      await new Promise<void>((done, fail) => waiting.push({ done, fail }))
    } finally {
      if (waiting.length === 0) worker.unref()
    }
  }
  worker.on('message', (message: FromThread) => {
    if (message.kind === 'warning') log('warn', message.message)
    else if (message.kind === 'failed') waiting.shift()?.fail(faultOf(message.failure))
    else waiting.shift()?.done()
  })
  const end = (fault: Fault) => {
    gone ??= fault
    for (const { fail } of waiting.splice(0)) fail(fault)
  }
  worker.on('error', (cause) => end(threadDied(settings.dir, cause)))
  const exited = new Promise<void>((resolve) => {
    worker.once('exit', () => {
      end(threadDied(settings.dir, undefined))
      resolve()
    })
  })
  await wait()
  return {
    append: (appending) => {
      const answered = wait()
      if (gone === null) worker.postMessage(appending satisfies ToThread, buffersOf(appending))
      return answered
    },
    [Symbol.asyncDispose]: async () => {
      gone ??= closed(settings.dir)
      worker.ref()
      worker.postMessage(null satisfies ToThread, []) // behind what is under way
      await exited
    },
  }
}

const buffersOf = ({ trades, feed }: Appending): ArrayBuffer[] =>
  [...trades, ...feed].flatMap(({ bytes, ends, receivedMs, redelivered }) =>
    [bytes, ends, receivedMs, redelivered].map((column) => column.buffer as ArrayBuffer),
  )

const faultOf = ({
  kind,
  message,
  remedy,
}: {
  kind: Fault['kind']
  message: string
  remedy: string
}): Fault => new Fault(kind, message, { remedy })

export const closed = (dir: string): Fault =>
  new Fault('closed', `the tape in ${dir} was closed`, { remedy: 'Open it again to go on.' })

const threadDied = (dir: string, cause: unknown): Fault =>
  new Fault('bug', `the thread that writes the tape in ${dir} ended`, {
    remedy: 'Restart; report this if it happens again.',
    cause,
  })
