import { randomUUID } from 'node:crypto'
import { Consumer, MessagesStreamModes, Producer, type Message } from '@platformatic/kafka'
import { recordBytes, type Run } from '../src/market/records.ts'
import { homeOf } from '../src/tape/kafka/partitioner.ts'
import { measure, tapeRuns, type BenchRow } from './bench.ts'
import { answerTask, PARTITIONS, type Task } from './kafka.ts'

// The clients of the Kafka library under the tape, as a program without ticklake would use them.

// Larger sends are slower. One at a time: with more, a lost connection repeats and reorders records.
const SEND_RECORDS = 2_000
const POOL_SENDS = 100

type Outgoing = {
  readonly topic: string
  readonly partition: number
  readonly key: Buffer
  readonly value: Buffer
  readonly timestamp: bigint
}

/** Ready records, 2,000 a send, each send acknowledged before the next. */
async function produce({ name, bootstrap, topic, trades, compression }: Task): Promise<BenchRow> {
  const producer = new Producer({
    clientId: 'bench',
    bootstrapBrokers: bootstrap.split(','),
    idempotent: true,
    acks: -1,
    ...(compression === 'zstd' || compression === 'lz4' ? { compression } : {}),
  })
  const pool: Outgoing[][] = []
  for (const run of tapeRuns({ trades: POOL_SENDS * SEND_RECORDS }, SEND_RECORDS))
    pool.push(Array.from({ length: run.count }, (_, i) => outgoing(run, i, topic)))
  const row = await measure(
    name,
    async () => {
      let done = 0
      while (done < trades)
        for (const messages of pool) {
          if (done >= trades) break
          await producer.send({ messages })
          done += messages.length
        }
      return done
    },
    `one send outstanding, ${SEND_RECORDS.toLocaleString('en')} records`,
  )
  await producer.close()
  return row
}

function outgoing(run: Run, i: number, topic: string): Outgoing {
  const value = Buffer.from(recordBytes(run, i))
  const key = symbolOf(value)
  const timestamp = BigInt(Math.floor(run.receivedMs[i] ?? 0))
  return { topic, partition: homeOf(key, PARTITIONS), key, value, timestamp }
}

function symbolOf(value: Buffer): Buffer {
  const first = value.indexOf('"s":"') + 5
  return value.subarray(first, value.indexOf('"', first))
}

/** Every record of the topic by the consumer's stream; `look` is what is done with each. */
const consume =
  (look: (message: Message) => void) =>
  async ({ name, bootstrap, topic, trades }: Task): Promise<BenchRow> => {
    const consumer = new Consumer({
      clientId: 'bench',
      groupId: `bench-${randomUUID()}`,
      bootstrapBrokers: bootstrap.split(','),
    })
    return await measure(name, async () => {
      const stream = await consumer.consume({
        topics: [topic],
        mode: MessagesStreamModes.EARLIEST,
        autocommit: false,
        maxBytes: 8 * 1024 * 1024,
        maxWaitTime: 100,
      })
      let rows = 0
      await new Promise<void>((resolve, reject) => {
        stream.on('error', reject)
        stream.on('data', (message: Message) => {
          look(message)
          rows += 1
          if (rows === trades) resolve()
        })
      })
      return rows
    })
  }

let sum = 0 // what is parsed is also read
const parse = ({ value }: Message) => {
  const { p, t, v }: { p: number; t: number; v: number } = JSON.parse(value.toString())
  sum += p + t + v
}

await answerTask({ produce, consume: consume(() => undefined), parse: consume(parse) })
if (!Number.isFinite(sum)) throw new Error('JSON.parse read no numbers from the records')
