import { Fault } from '../flow/fault.ts'
import type { AwsReach } from '../lake/aws-reach.ts'
import type { S3Reach } from '../lake/s3/requests.ts'
import { masked } from './address.ts'
import type { Loaded } from './load.ts'
import { SETTINGS, type Settings } from './settings.ts'

/** How S3 is reached by the settings. Faults: `invalid` for an endpoint that is none. */
export function s3Reach({ settings }: Loaded): S3Reach {
  const endpoint = endpointOf('s3.endpoint', settings['s3.endpoint'])
  return { region: settings['aws.region'], endpoint, pathStyle: isPathStyle(settings) }
}

/** Stores that are not AWS seldom have a host for each bucket. */
export const isPathStyle = (settings: Settings): boolean =>
  (settings['s3.path_style'] ?? (settings['s3.endpoint'] === null ? 'off' : 'on')) === 'on'

/** How Glue is reached by the settings. Faults: as above. */
export const glueReach = ({ settings }: Loaded): AwsReach => ({
  region: settings['aws.region'],
  endpoint: endpointOf('glue.endpoint', settings['glue.endpoint']),
})

/** What the settings take is checked when they are read; what is none by its port, say, is told here. */
function endpointOf(name: 's3.endpoint' | 'glue.endpoint', written: string | null): string | null {
  if (written === null || URL.canParse(written)) return written?.replace(/\/+$/, '') ?? null
  throw new Fault('invalid', `${name} takes https://HOST[:PORT], not ${masked(written)}`, {
    remedy: `Correct ${name} or ${SETTINGS[name].env}.`,
  })
}
