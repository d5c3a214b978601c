import type * as Library from '@platformatic/kafka'

/**
 * The only file that names the Kafka library: connections with TLS and SASL, framing, and the requests whose
 * bytes are not worth a word of our own. Loaded on first use.
 */
export type KafkaLibrary = typeof Library
export type Connection = Library.Connection
export type ConnectionOptions = Library.ConnectionOptions
export type RequestWriter = Library.Writer
export type ResponseReader = Library.Reader

/** One request of the protocol: its arguments, and what a response without errors holds. */
export type Api<A extends unknown[], R> = {
  readonly async: (connection: Connection, ...args: A) => Promise<R>
}

export const loadKafka = (): Promise<KafkaLibrary> => import('@platformatic/kafka')
