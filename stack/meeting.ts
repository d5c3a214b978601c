import { systemClock } from '../src/flow/clock.ts'
import { silent } from '../src/flow/log.ts'
import { noMetrics } from '../src/flow/metrics.ts'
import { systemRandom } from '../src/flow/random.ts'
import type { ClusterOptions } from '../src/tape/kafka/cluster.ts'
import { OPEN } from '../src/tape/kafka/security.ts'

/** How our own client meets brokers at `HOST:PORT[,…]`: without security, by this machine's clock and chance. */
export const clusterAt = (
  bootstrap: string,
  changes: Partial<ClusterOptions> = {},
): ClusterOptions => ({
  brokers: bootstrap.split(',').map((address) => {
    const [host = '', port] = address.split(':')
    return { host, port: Number(port) }
  }),
  security: OPEN,
  clock: systemClock,
  random: systemRandom,
  log: silent,
  metrics: noMetrics,
  ...changes,
})
