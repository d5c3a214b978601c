import { ENDPOINT } from './s3-settings.ts'
import { text, type Setting } from './setting.ts'

/** What Athena itself asks for at least: 10 MiB. */
const SCAN_BYTES_MIN = 10_485_760

/** The engines of others that ask the lake: Athena and Trino. */
export const ENGINE_SETTINGS = {
  'athena.workgroup': {
    kind: {
      ...text('NAME'),
      form: {
        pattern: /^[A-Za-z0-9._-]{1,128}$/,
        says: 'the name of a workgroup: letters, digits, dot, dash and underscore',
      },
    },
    default: 'ticklake',
    env: 'TICKLAKE_ATHENA_WORKGROUP',
    doc: 'The Athena workgroup of queries, which `ticklake aws setup` makes',
    commands: ['sql', 'aws'],
  },
  'athena.output': {
    kind: text('S3_ADDRESS'),
    default: null,
    fallback: 'the lake’s address with -athena/ at its end',
    env: 'TICKLAKE_ATHENA_OUTPUT',
    doc: 'Where Athena writes the answers: s3://BUCKET/PREFIX/, outside of the lake',
    commands: ['aws'],
  },
  'athena.scan_max': {
    kind: { type: 'size', min: SCAN_BYTES_MIN, max: 1e15 },
    default: '10GB',
    env: 'TICKLAKE_ATHENA_SCAN_MAX',
    doc: 'The most that one query may read, which the workgroup enforces; set by `ticklake aws setup`',
    commands: ['aws'],
  },
  'athena.price': {
    kind: {
      ...text('USD'),
      form: { pattern: /^\d{1,4}(\.\d{1,4})?$/, says: 'US dollars a TB, such as 5 or 6.75' },
    },
    default: '5',
    env: 'TICKLAKE_ATHENA_PRICE',
    doc: 'What Athena costs in the region, US dollars a TB that is read',
    commands: [],
  },
  'athena.endpoint': {
    kind: { ...text('URL'), form: ENDPOINT },
    default: null,
    fallback: 'that of AWS in the region',
    env: 'TICKLAKE_ATHENA_ENDPOINT',
    doc: 'Where what speaks Athena’s API is and is not AWS, or a VPC endpoint: https://HOST[:PORT]',
    commands: [],
  },
  'trino.url': {
    kind: text('URL'),
    default: null,
    env: 'TICKLAKE_TRINO_URL',
    doc: 'The Trino server, and as whom and where a query runs: http[s]://[USER@]HOST[:PORT][/CATALOG[/SCHEMA]]; without them ticklake, lake and market',
    commands: ['sql'],
  },
  'trino.password': {
    kind: { type: 'secret' },
    default: null,
    env: 'TICKLAKE_TRINO_PASSWORD',
    doc: 'The password of the user of trino.url, over https alone; never a flag, never printed',
    commands: [],
  },
  'trino.password_file': {
    kind: text('FILE'),
    default: null,
    env: 'TICKLAKE_TRINO_PASSWORD_FILE',
    doc: 'A file that holds that password',
    commands: [],
  },
} as const satisfies Readonly<Record<string, Setting>>
