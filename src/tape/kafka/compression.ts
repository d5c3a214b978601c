import { constants, gunzipSync, gzipSync, zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import { lz4UnpackedBytesMax, snappyUnpackedBytes } from './unpacked-size.ts'

/** Kafka's compressions; the index is the number in a batch's attributes. */
export const COMPRESSIONS = ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const
export type Compression = (typeof COMPRESSIONS)[number]

/** What one batch may unpack to: as much as the largest batch that is fetched at all; more is an attack. */
export const UNPACKED_BYTES_MAX = 128 * 1024 * 1024
/** The fastest level with a ratio near the best: trades shrink 4.1 times at 1, 4.3 at 3 for a quarter more time. */
const ZSTD_LEVEL = 1
/** Trades shrink 3.8 times at 1, 4.5 at 6 for three times the time. */
const GZIP_LEVEL = 1

/** Both throw on bytes that are not what they should be; decompress also past UNPACKED_BYTES_MAX. */
export type Codecs = {
  crc32c(bytes: Uint8Array): number
  compress(compression: Compression, bytes: Uint8Array): Uint8Array
  decompress(compression: Compression, bytes: Uint8Array): Uint8Array
}

type LibraryCodec = {
  readonly compressSync: (bytes: Buffer) => Uint8Array
  readonly decompressSync: (bytes: Buffer) => Uint8Array
}
/** The part of the Kafka library that the codecs come from. */
export type CodecLibrary = {
  readonly crc32c: (bytes: Uint8Array) => number
  readonly compressionsAlgorithms: { readonly snappy: LibraryCodec; readonly lz4: LibraryCodec }
}

/** zstd and gzip by Node, the rest by the library. */
export function codecsOf({ crc32c, compressionsAlgorithms }: CodecLibrary): Codecs {
  const { snappy, lz4 } = compressionsAlgorithms
  const codecs: Readonly<Record<Compression, Codec>> = {
    none: { pack: (bytes) => bytes, unpack: (bytes) => bytes },
    gzip: {
      pack: (bytes) => gzipSync(bytes, { level: GZIP_LEVEL }),
      unpack: (bytes) => gunzipSync(bytes, LIMIT),
    },
    snappy: {
      pack: (bytes) => snappy.compressSync(asBuffer(bytes)),
      unpack: (bytes) => {
        checkSize(snappyUnpackedBytes(bytes))
        return snappy.decompressSync(asBuffer(bytes))
      },
    },
    lz4: {
      pack: (bytes) => lz4.compressSync(asBuffer(bytes)),
      unpack: (bytes) => {
        checkSize(lz4UnpackedBytesMax(bytes))
        return lz4.decompressSync(asBuffer(bytes))
      },
    },
    zstd: {
      pack: (bytes) => zstdCompressSync(bytes, ZSTD_OPTIONS),
      unpack: (bytes) => zstdDecompressSync(bytes, LIMIT),
    },
  }
  return {
    crc32c,
    compress: (compression, bytes) => codecs[compression].pack(bytes),
    decompress: (compression, bytes) => codecs[compression].unpack(bytes),
  }
}

type Codec = {
  readonly pack: (bytes: Uint8Array) => Uint8Array
  readonly unpack: (bytes: Uint8Array) => Uint8Array
}

const ZSTD_OPTIONS = { params: { [constants.ZSTD_c_compressionLevel]: ZSTD_LEVEL } }
const LIMIT = { maxOutputLength: UNPACKED_BYTES_MAX }

/** The library allocates what the bytes claim: they are asked first. */
function checkSize(size: number): void {
  if (size > UNPACKED_BYTES_MAX) throw new Error(`it unpacks to ${size} bytes`)
}

const asBuffer = (bytes: Uint8Array): Buffer =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
