/**
 * What members of a consumer group tell each other through the coordinator, by Kafka's consumer protocol v0, so
 * that Kafka's own tools show who reads what:
 *
 *     Subscription => version:int16 [topic:string] user:bytes
 *     Assignment   => version:int16 [topic:string [partition:int32]] user:bytes
 *     string => int16 utf8 · bytes => int32 (-1: null) · [x] => int32 x…
 */
export type Assigned = { readonly topic: string; readonly partitions: readonly number[] }

export function encodeSubscription(topic: string, user: Uint8Array): Buffer {
  return Buffer.concat([int16(0), int32(1), text(topic), int32(user.length), user])
}

/** The member's own bytes in its subscription; empty where it gave none, or what it gave cannot be read. */
export function userOf(subscription: Uint8Array): Uint8Array {
  try {
    const at = cursor(subscription)
    at.int16()
    for (let topics = at.int32(); topics > 0; topics--) at.text()
    return at.bytes(at.int32())
  } catch {
    return new Uint8Array(0)
  }
}

export function encodeAssignment({ topic, partitions }: Assigned): Buffer {
  const places = partitions.map(int32)
  return Buffer.concat([
    int16(0),
    int32(1),
    text(topic),
    int32(places.length),
    ...places,
    int32(-1),
  ])
}

/** The partitions of `topic` in an assignment; a member without one gets empty bytes. */
export function decodeAssignment(assignment: Uint8Array, topic: string): readonly number[] {
  if (assignment.length === 0) return []
  const at = cursor(assignment)
  at.int16()
  const mine: number[] = []
  for (let topics = at.int32(); topics > 0; topics--) {
    const name = at.text()
    const count = at.int32()
    const partitions = Array.from({ length: count }, () => at.int32())
    if (name === topic) mine.push(...partitions)
  }
  return mine
}

const int16 = (value: number): Buffer => {
  const bytes = Buffer.alloc(2)
  bytes.writeInt16BE(value)
  return bytes
}
const int32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4)
  bytes.writeInt32BE(value)
  return bytes
}
const text = (value: string): Buffer => {
  const bytes = Buffer.from(value)
  return Buffer.concat([int16(bytes.length), bytes])
}

function cursor(source: Uint8Array) {
  const from = Buffer.from(source.buffer, source.byteOffset, source.length)
  let at = 0
  const bytes = (length: number): Uint8Array => {
    const taken = from.subarray(at, at + Math.max(0, length))
    if (taken.length < length) throw new RangeError('it ends early')
    at += taken.length
    return taken
  }
  const int16 = () => Buffer.from(bytes(2)).readInt16BE()
  return {
    bytes,
    int16,
    int32: () => Buffer.from(bytes(4)).readInt32BE(),
    text: () => Buffer.from(bytes(int16())).toString(),
  }
}
