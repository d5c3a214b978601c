import type { Random } from '../../flow/random.ts'
import type { Long } from './json.ts'
import type { Metadata } from './metadata-document.ts'

const DAY_MS = 86_400_000

/** A random UUID, version 4 (RFC 9562). */
export function uuid(random: Random): string {
  const bytes = Buffer.from(randomBytes(random, 16))
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x40, 6)
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8)
  const hex = bytes.toString('hex')
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    hex.slice(12, 16),
    hex.slice(16, 20),
    hex.slice(20),
  ].join('-')
}

export const randomBytes = (random: Random, size: number): Uint8Array =>
  Uint8Array.from({ length: size }, () => random.integer(256))

/** A random id below 2^53 that the table does not use: exact in every reader, JavaScript ones too. */
export function newSnapshotId(random: Random, metadata: Metadata): Long {
  const taken = new Set<Long>(metadata.snapshots.map((one) => one['snapshot-id']))
  while (true) {
    const id = random.integer(2 ** 21) * 2 ** 32 + random.integer(2 ** 32)
    if (id > 0 && !taken.has(id)) return id
  }
}

/** `2026-11-23`; `null` for the null day. The folder is for people: no reader derives the day from it. */
export const dayFolder = (day: number | null): string =>
  day === null ? 'null' : new Date(day * DAY_MS).toISOString().slice(0, 10)

/** `20261123T120102Z`. */
export const compactTime = (ms: number): string =>
  `${new Date(ms).toISOString().slice(0, 19).replaceAll(/[-:]/g, '')}Z`

// `<version>-<uuid>.metadata.json`, as other engines name theirs too.
const VERSION = /(?:^|\/)v?(\d+)(?:-[^/]*)?\.metadata\.json$/

/** The name of the document after `previous` (null: the first). */
export function metadataName(previous: string | null, id: string): string {
  const version = previous === null ? -1 : Number(VERSION.exec(previous)?.[1] ?? -1)
  return `metadata/${String(version + 1).padStart(5, '0')}-${id}.metadata.json`
}
