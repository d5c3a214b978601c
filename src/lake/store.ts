/** A path below the store's root, with forward slashes. */
export type Key = string
export type Entry = {
  readonly key: Key
  readonly size: number
  /** Last modified, ms since 1970 UTC. */
  readonly modifiedMs: number
}
export type ByteRange = { readonly first: number; readonly next: number }
/** A file on the local disk whose content is to be stored; the store may move it away. */
export type LocalFile = { readonly path: string; readonly size: number }

/**
 * Immutable objects by key. `create` is atomic and durable when it resolves: the whole object or nothing is
 * there, and of two creators of one key exactly one is told 'created'. Nothing is ever overwritten.
 * Faults: `unavailable` (retry; the outcome may be unknown), `invalid` (no such key on read, no rights,
 * disk full: the remedy says), `corrupt`.
 */
export type Store = {
  /** The absolute location of a key as other engines write it: a file path or s3://… */
  location(key: Key): string
  /** The key of a location below this store; null: it lies elsewhere. */
  keyOf(location: string): Key | null
  /** Where it is told 'created' of a local file, that file may be gone. After a fault, creating again may find 'exists'. */
  create(key: Key, body: Uint8Array | LocalFile): Promise<'created' | 'exists'>
  /** A range that reaches past the end gives what is there. */
  read(key: Key, range?: ByteRange): Promise<Uint8Array>
  list(prefix: Key): AsyncIterable<Entry>
  /** Removes what is there; a key that is not is no error. */
  remove(keys: readonly Key[]): Promise<void>
}
