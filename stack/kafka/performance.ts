import { Fault } from '../../src/flow/fault.ts'

/** What one of Kafka's performance tools measured. */
export type Rate = {
  readonly records: number
  readonly recordsPerSecond: number
  readonly megabytesPerSecond: number
  /** The line it printed. */
  readonly line: string
}

export type Consumed = Rate & {
  /** Without the time it took to join the group. */
  readonly fetchedPerSecond: number
}

const PRODUCED =
  /^(?<records>\d+) records sent, (?<perSecond>[\d.]+) records\/sec \((?<megabytes>[\d.]+) MB\/sec\)/

/**
 * Of ProducerPerformance: its last line sums up all that was sent. Faults: `invalid` without such a
 * line.
 */
export function parseProduced(text: string): Rate {
  const line = linesOf(text).findLast((line) => PRODUCED.test(line)) ?? ''
  const { records, perSecond, megabytes } = PRODUCED.exec(line)?.groups ?? {}
  const number = numberIn(text)
  return {
    records: number(records),
    recordsPerSecond: number(perSecond),
    megabytesPerSecond: number(megabytes),
    line,
  }
}

/** Of ConsumerPerformance: a line of names, then one of numbers. Faults: `invalid` without them. */
export function parseConsumed(text: string): Consumed {
  const lines = linesOf(text)
  const header = lines.findIndex((line) => line.includes('nMsg.sec'))
  const names = fieldsOf(lines[header] ?? '')
  const line = lines[header + 1] ?? ''
  const values = fieldsOf(line)
  const number = numberIn(text)
  const named = (name: string) => number(values[names.indexOf(name)])
  return {
    records: named('data.consumed.in.nMsg'),
    recordsPerSecond: named('nMsg.sec'),
    megabytesPerSecond: named('MB.sec'),
    fetchedPerSecond: named('fetch.nMsg.sec'),
    line,
  }
}

const linesOf = (text: string): string[] => text.split('\n').map((line) => line.trim())
const fieldsOf = (line: string): string[] => line.split(',').map((field) => field.trim())

const numberIn = (text: string) => (field: string | undefined) => {
  const value = Number(field)
  if (Number.isFinite(value)) return value
  throw new Fault('invalid', `the performance tool printed no figures:\n${text}`, {
    remedy: 'See that the topic exists and holds the records.',
  })
}
