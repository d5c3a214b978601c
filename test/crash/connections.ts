import { readFileSync, readdirSync, readlinkSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import type { ReplayServer } from '../../src/replay/replay.ts'

const LOOK_MS = 10

/** What the feed's own server saw of its clients. */
export type SimulatorWatch = AsyncDisposable & {
  /** While true, more than one connection is not held against the recorders: one of them is stopped. */
  excuse(on: boolean): void
  /** Which of these processes has a connection to the feed; waits for one, up to 30 s; null: none. */
  connected(
    parts: readonly { readonly name: string; readonly pid: number }[],
  ): Promise<string | null>
  until(holds: () => boolean): Promise<void>
  found(kills: readonly number[]): { readonly connectedMax: number; readonly takeoverMsMax: number }
}

/** Counts the connections of `feed` all the time. */
export function watchConnections(feed: ReplayServer): SimulatorWatch {
  let excused = false
  const over = new AbortController()
  let connectedMax = 0
  let handshakes = feed.handshakes()
  const connectedAt: number[] = []
  const look = async () => {
    while (!over.signal.aborted) {
      if (!excused) connectedMax = Math.max(connectedMax, feed.connections())
      if (feed.handshakes() > handshakes) connectedAt.push(Date.now())
      handshakes = feed.handshakes()
      await delay(LOOK_MS)
    }
  }
  const looking = look()
  const until = async (holds: () => boolean) => {
    for (let i = 0; !holds(); i++) {
      if (i > 6_000) throw new Error('no recorder connected to the feed within a minute')
      await delay(LOOK_MS)
    }
  }
  return {
    until,
    excuse: (on) => (excused = on),
    connected: async (parts) => {
      for (let i = 0; i < 300; i++) {
        for (const { name, pid } of parts) if (hasConnection(pid, feed.port)) return name
        await delay(100)
      }
      return null
    },
    found: (kills) => ({
      connectedMax,
      takeoverMsMax: Math.max(
        0,
        ...kills.map((at) => (connectedAt.find((next) => next > at) ?? Infinity) - at),
      ),
    }),
    [Symbol.asyncDispose]: async () => {
      over.abort()
      await looking
    },
  }
}

/** Whether a process has an established TCP connection to that port of this machine (Linux). */
function hasConnection(pid: number, port: number): boolean {
  try {
    const hexPort = port.toString(16).toUpperCase().padStart(4, '0')
    const established = '01'
    const inodes = readFileSync(`/proc/${pid}/net/tcp`, 'utf8')
      .split('\n')
      .map((line) => line.trim().split(/\s+/))
      .filter(([, , remote, state]) => remote?.endsWith(`:${hexPort}`) && state === established)
      .map((fields) => `socket:[${fields[9]}]`)
    return readdirSync(`/proc/${pid}/fd`).some((fd) => inodes.includes(linkOf(pid, fd)))
  } catch {
    return false // it has just ended
  }
}

const linkOf = (pid: number, fd: string): string => {
  try {
    return readlinkSync(`/proc/${pid}/fd/${fd}`)
  } catch {
    return ''
  }
}
