import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createRegistry, prometheusText } from './metrics.ts'

test('samples of one name stand together under their type, labels escaped', () => {
  const registry = createRegistry()
  registry.add('a_total', 1, { cause: 'say "no"\n' })
  registry.set('b_seconds', 0.5)
  registry.add('a_total', 2, { cause: 'x' })
  registry.add('a_total', 2, { cause: 'x' })
  assert.equal(
    prometheusText(registry.samples()),
    [
      '# TYPE a_total counter',
      'a_total{cause="say \\"no\\"\\n"} 1',
      'a_total{cause="x"} 4',
      '# TYPE b_seconds gauge',
      'b_seconds 0.5',
      '',
    ].join('\n'),
  )
})
