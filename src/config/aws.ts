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

/** Never repeats what may be a key or a password. */
function endpointOf(name: 's3.endpoint' | 'glue.endpoint', written: string | null): string | null {
  if (written === null) return null
  const { protocol, username, password, search, hash } = URL.canParse(written)
    ? new URL(written)
    : NO_URL
  const plain = [username, password, search, hash].every((part) => part === '')
  if (plain && ['http:', 'https:'].includes(protocol)) return written.replace(/\/+$/, '')
  throw new Fault('invalid', `${name} takes https://HOST[:PORT], not ${masked(written)}`, {
    remedy: `Correct ${name} or ${SETTINGS[name].env}; keys come from AWS_PROFILE or AWS_ACCESS_KEY_ID.`,
  })
}

const NO_URL = { protocol: '', username: '', password: '', search: '', hash: '' }
