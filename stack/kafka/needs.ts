import { missing, skipFor } from '../needs.ts'

/**
 * Why a test that starts Kafka is skipped; false: what it takes is there. Java runs the brokers,
 * Maven brings their jars, OpenSSL makes the certificates.
 */
export const withoutKafka = (): string | false =>
  skipFor('Kafka', missing('java', 'mvn', 'openssl'))
