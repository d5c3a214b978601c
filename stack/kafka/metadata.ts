import { once } from 'node:events'
import { connect } from 'node:net'
import { HOST } from '../ports.ts'

/*
 * One Metadata request of version 4 (Kafka protocol guide), asked by hand so that whether a broker is
 * ready does not depend on the client that is under test.
 *
 *   request:    size int32, key int16 = 3, version int16 = 4, correlation int32, client string,
 *               topics int32 = -1 (all), allow creation int8 = 0
 *   response:   size int32, correlation int32, throttle int32, brokers [broker], cluster string?,
 *               controller int32, topics [topic]
 *   broker:     id int32, host string, port int32, rack string?
 *   topic:      error int16, name string, internal int8, partitions [partition]
 *   partition:  error int16, index int32, leader int32, replicas [int32], isr [int32]
 */
const METADATA = 3
const VERSION = 4
const ANSWER_MS_MAX = 2_000

/**
 * What a broker says of its cluster: ids of the live brokers, and each partition's leader (-1:
 * none).
 */
export type Metadata = {
  readonly brokers: readonly number[]
  readonly partitions: readonly {
    readonly topic: string
    readonly leader: number
    readonly replicas: readonly number[]
  }[]
}

/**
 * Asks the broker on a port of 127.0.0.1. Rejects when nothing listens or it does not answer in 2
 * s.
 */
export async function askMetadata(port: number): Promise<Metadata> {
  const socket = connect({ host: HOST, port })
  const signal = AbortSignal.timeout(ANSWER_MS_MAX)
  try {
    await once(socket, 'connect', { signal })
    socket.write(request())
    let bytes = Buffer.alloc(0)
    while (bytes.length < 4 || bytes.length < 4 + bytes.readInt32BE(0)) {
      const [chunk] = (await once(socket, 'data', { signal })) as [Buffer]
      bytes = Buffer.concat([bytes, chunk])
    }
    return parse(bytes)
  } finally {
    socket.on('error', () => undefined) // it is thrown away
    socket.destroy()
  }
}

function request(): Buffer {
  const client = Buffer.from('ticklake-stack')
  const bytes = Buffer.alloc(4 + 2 + 2 + 4 + 2 + client.length + 4 + 1)
  let at = bytes.writeInt32BE(bytes.length - 4, 0)
  at = bytes.writeInt16BE(METADATA, at)
  at = bytes.writeInt16BE(VERSION, at)
  at = bytes.writeInt32BE(1, at)
  at = bytes.writeInt16BE(client.length, at)
  at += client.copy(bytes, at)
  bytes.writeInt32BE(-1, at)
  return bytes
}

function parse(bytes: Buffer): Metadata {
  let at = 12 // size, correlation, throttle
  const int16 = () => bytes.readInt16BE((at += 2) - 2)
  const int32 = () => bytes.readInt32BE((at += 4) - 4)
  const string = () => {
    const length = Math.max(0, int16()) // -1: null
    return bytes.toString('utf8', at, (at += length))
  }
  const list = <T>(item: () => T): T[] => Array.from({ length: Math.max(0, int32()) }, item)
  const brokers = list(() => {
    const id = int32()
    string()
    int32()
    string()
    return id
  })
  string()
  int32()
  const topics = list(() => {
    int16()
    const topic = string()
    at += 1
    return list(() => {
      at += 6 // error, index
      const leader = int32()
      const replicas = list(int32)
      list(int32)
      return { topic, leader, replicas }
    })
  })
  return { brokers, partitions: topics.flat() }
}
