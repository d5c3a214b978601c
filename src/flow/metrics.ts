/** Counters and gauges by name; adapters write, `/metrics` reads. Names are in base units. */
export type Labels = Readonly<Record<string, string>>
export type Metrics = {
  /** Adds to a counter (names end in `_total`). */
  add(name: string, amount: number, labels?: Labels): void
  /** Sets a gauge. */
  set(name: string, value: number, labels?: Labels): void
}
export const noMetrics: Metrics = { add: () => undefined, set: () => undefined }
