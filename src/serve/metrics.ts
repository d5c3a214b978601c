import type { Labels, Metrics } from '../flow/metrics.ts'

/** One metric at one moment. Names that end in `_total` are counters, all others gauges. */
export type Sample = { readonly name: string; readonly labels: Labels; readonly value: number }

export type Registry = Metrics & { samples(): readonly Sample[] }

/** Metrics of this process, kept in memory. */
export function createRegistry(): Registry {
  const samples = new Map<string, { name: string; labels: Labels; value: number }>()
  const of = (name: string, labels: Labels = {}) => {
    const key = `${name} ${JSON.stringify(labels)}`
    const known = samples.get(key)
    if (known !== undefined) return known
    const fresh = { name, labels, value: 0 }
    samples.set(key, fresh)
    return fresh
  }
  return {
    add: (name, amount, labels) => void (of(name, labels).value += amount),
    set: (name, value, labels) => void (of(name, labels).value = value),
    samples: () => [...samples.values()],
  }
}

/** The text that Prometheus scrapes (exposition format 0.0.4), samples grouped by name. */
export function prometheusText(samples: readonly Sample[]): string {
  const byName = Map.groupBy(samples, ({ name }) => name)
  return [...byName]
    .map(([name, group]) => {
      const type = name.endsWith('_total') ? 'counter' : 'gauge'
      return `# TYPE ${name} ${type}\n${group.map(sampleLine).join('')}`
    })
    .join('')
}

const sampleLine = ({ name, labels, value }: Sample): string => {
  const pairs = Object.entries(labels).map(([label, text]) => `${label}="${escapeLabel(text)}"`)
  return `${name}${pairs.length === 0 ? '' : `{${pairs.join(',')}}`} ${numberText(value)}\n`
}

const escapeLabel = (text: string): string =>
  text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')

const numberText = (value: number): string => {
  if (Number.isNaN(value)) return 'NaN'
  return Number.isFinite(value) ? String(value) : value > 0 ? '+Inf' : '-Inf'
}
