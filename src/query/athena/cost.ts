import type { Execution } from './api.ts'

/** Athena bills at least this much of a query that reads. */
const BILLED_BYTES_MIN = 10_000_000
const TB = 1e12

/**
 * What an execution costs, US$, `priceUsd` being that of a TB: what it read, 10 MB at least, also when it was
 * cancelled; nothing where it failed, or only looked at or changed the catalog. A TB is 10^12 bytes here, so
 * that the bill is never higher (aws.amazon.com/athena/pricing).
 */
export function costUsd(execution: Execution, priceUsd: number): number {
  const { statement, scannedBytes, failing, state } = execution
  if (failing?.state === 'FAILED') return 0
  const isFree = statement !== 'DML' && scannedBytes === 0
  const isNotBegun = scannedBytes === 0 && state !== 'SUCCEEDED'
  if (isFree || isNotBegun) return 0
  return (Math.max(scannedBytes, BILLED_BYTES_MIN) / TB) * priceUsd
}
