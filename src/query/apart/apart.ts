import type { ChildProcess } from 'node:child_process'
import type { Fault } from '../../flow/fault.ts'
import type { Answer, Query } from '../query.ts'
import {
  bystander,
  cancelled,
  crashed,
  mixedUp,
  overMemory,
  slowToOpen,
  stopped,
  stubborn,
} from './endings.ts'
import { faultAgain, type Asked, type Told } from './messages.ts'

/**
 * How long a statement may go on after it was told to stop. DuckDB looks between two steps; one step may make a
 * list of billions, which only the end of the process ends.
 */
const GRACE_MS = 2000
/** How long the process may take until its query is open. */
const OPEN_MS_MAX = 60_000

export type Apart = {
  /** Starts a process that speaks by messages.ts on its channel, with `serialization: 'advanced'`. */
  readonly start: () => ChildProcess
  readonly graceMs?: number
}

/**
 * A query in a process of its own: a statement that takes all memory, or that does not stop when it is told to,
 * costs that process, and whoever else asks it at that moment is told so. The next question starts it anew.
 * Faults: those of opening the query there.
 */
export async function openApart({ start, graceMs = GRACE_MS }: Apart): Promise<Query> {
  let current: Promise<Engine> | null = null
  let closed = false
  const engine = async (): Promise<Engine> => {
    if (closed) throw stopped()
    const mine = (current ??= startEngine(start, graceMs))
    try {
      const opened = await mine
      if (!opened.isOver()) return opened
    } catch (error) {
      if (current === mine) current = null
      throw error
    }
    if (current === mine) current = null
    return await engine()
  }
  const { covers } = await engine()
  return {
    covers,
    run: async (...asked) => await (await engine()).run(...asked),
    check: async (sql) => await (await engine()).check(sql),
    [Symbol.asyncDispose]: async () => {
      closed = true
      await current?.then(
        (opened) => opened.stop(),
        () => undefined,
      )
    },
  }
}

type Engine = Pick<Query, 'covers' | 'run'> & {
  readonly check: NonNullable<Query['check']>
  readonly isOver: () => boolean
  readonly stop: () => Promise<void>
}

/** Why the process ended; `culprit`: the statement that it was ended for, where that is known. */
type Ending = { readonly fault: Fault; readonly culprit: number | null }
type Answered = Exclude<Told, { kind: 'open' | 'not open' | 'over memory' }>
type Waiting = {
  readonly resolve: (told: Answered) => void
  readonly reject: (fault: Fault) => void
}

async function startEngine(start: () => ChildProcess, graceMs: number): Promise<Engine> {
  const child = start()
  const opened = Promise.withResolvers<Extract<Told, { kind: 'open' }>>()
  const exited = Promise.withResolvers<void>()
  const waiting = new Map<number, Waiting>()
  let why: Ending = { fault: crashed(), culprit: null }
  let over = false
  const ended = () => {
    over = true
    opened.reject(why.fault)
    for (const [id, { reject }] of waiting)
      reject(why.culprit === null || why.culprit === id ? why.fault : bystander())
    waiting.clear()
    exited.resolve()
  }
  child.once('exit', ended)
  child.once('error', ended)
  child.on('message', (told: Told) => {
    if (told.kind === 'open') opened.resolve(told)
    else if (told.kind === 'not open') {
      why = { fault: faultAgain(told.fault), culprit: null }
      child.kill('SIGKILL')
    } else if (told.kind === 'over memory') {
      const fault =
        waiting.size > 1
          ? overMemory(told.bytesMax, 'one of the statements')
          : overMemory(told.bytesMax)
      why = { fault, culprit: null }
    } else {
      waiting.get(told.id)?.resolve(told)
      waiting.delete(told.id)
    }
  })
  const kill = (fault: Fault, culprit: number | null = null) => {
    if (!over) why = { fault, culprit }
    over = true // whoever asks next gets another
    child.kill('SIGKILL')
  }
  const send = (asked: Asked) => {
    if (child.connected) child.send(asked)
  }
  const ask = async (asked: Asked): Promise<Answered> =>
    await new Promise((resolve, reject) => {
      if (over) return reject(why.culprit === null ? why.fault : bystander())
      waiting.set(asked.id, { resolve, reject })
      send(asked)
    })
  const timer = setTimeout(() => kill(slowToOpen(OPEN_MS_MAX)), OPEN_MS_MAX)
  try {
    const { covers } = await opened.promise
    const asking = askingOf({ ask, send, kill, graceMs })
    const stop = async () => {
      kill(stopped())
      await exited.promise
    }
    return { covers, ...asking, isOver: () => over, stop }
  } finally {
    clearTimeout(timer)
  }
}

type Channel = {
  readonly ask: (asked: Asked) => Promise<Answered>
  readonly send: (asked: Asked) => void
  readonly kill: (fault: Fault, culprit: number) => void
  readonly graceMs: number
}

/** Of one process; a statement that does not end when it shall ends the process. */
function askingOf(channel: Channel): Pick<Engine, 'run' | 'check'> {
  const { ask, send, kill, graceMs } = channel
  let ids = 0
  /** Asks, and if there is no answer `graceMs` after the time is over or `signal` aborts, kills. */
  const bounded = async (asked: Asked, signal: AbortSignal, leftMs: number | null) => {
    let timer: NodeJS.Timeout | undefined
    const within = (ms: number) => {
      clearTimeout(timer)
      timer = setTimeout(() => kill(stubborn(), asked.id), ms + graceMs)
    }
    const abort = () => {
      send({ kind: 'leave', id: asked.id })
      within(0)
    }
    if (leftMs !== null) within(Math.max(0, leftMs))
    signal.addEventListener('abort', abort, { once: true })
    try {
      if (signal.aborted) {
        abort()
        throw cancelled()
      }
      const told = await ask(asked)
      if (told.kind === 'fault') throw faultAgain(told.fault)
      return told
    } finally {
      clearTimeout(timer)
      signal.removeEventListener('abort', abort)
    }
  }
  return {
    run: async (sql, limits, signal) => {
      const id = (ids += 1)
      const untilMs = limits.millisMax === null ? null : performance.now() + limits.millisMax
      const leftMs = () => (untilMs === null ? null : untilMs - performance.now())
      const told = await bounded({ kind: 'run', id, sql, limits }, signal, leftMs())
      if (told.kind !== 'answer') throw mixedUp()
      const { asOf, columns, planned } = told
      const next = () => bounded({ kind: 'next', id }, signal, leftMs())
      const leave = () => send({ kind: 'leave', id })
      return { asOf, columns, ...(planned && { planned }), ...batchesOf(next, leave) }
    },
    check: async (sql) => {
      const id = (ids += 1)
      const told = await bounded({ kind: 'check', id, sql }, NEVER, CHECK_MS_MAX)
      if (told.kind !== 'columns') throw mixedUp()
      return told.columns
    },
  }
}

/** A statement is prepared in milliseconds, but DuckDB works out constants then, as a list of billions. */
const CHECK_MS_MAX = 5000
const NEVER = new AbortController().signal

function batchesOf(
  next: () => Promise<Answered>,
  leave: () => void,
): Pick<Answer, 'batches' | 'truncated'> {
  let truncated = false
  async function* batches(): Answer['batches'] {
    try {
      while (true) {
        const told = await next()
        if (told.kind === 'rows') yield told.rows
        else if (told.kind === 'end') {
          truncated = told.truncated
          return
        } else throw mixedUp()
      }
    } finally {
      leave()
    }
  }
  return { batches: batches(), truncated: () => truncated }
}
