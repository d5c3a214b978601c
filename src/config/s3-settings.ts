import { text, type Form, type Setting } from './setting.ts'

/** Where a service is. No user, password, path or query: all would be taken for something else. */
export const ENDPOINT: Form = {
  pattern: /^https?:\/\/[^\s/@?#\\]+\/?$/,
  says: 'https://HOST[:PORT] alone',
}

/**
 * How S3 and Glue are reached. Who asks is never a setting: AWS's own default chain finds the credentials
 * (environment, profile, SSO, container, instance).
 */
export const S3_SETTINGS = {
  'aws.region': {
    kind: text('REGION'),
    default: null,
    fallback: 'AWS_REGION, else the region of the profile; us-east-1 where s3.endpoint is set',
    env: 'TICKLAKE_AWS_REGION',
    doc: 'The region of bucket and catalog',
    commands: [],
  },
  's3.endpoint': {
    kind: { ...text('URL'), form: ENDPOINT },
    default: null,
    fallback: 'that of AWS in the region',
    env: 'TICKLAKE_S3_ENDPOINT',
    doc: 'Where a store is that speaks S3 and is not AWS: https://HOST[:PORT]',
    commands: [],
  },
  's3.path_style': {
    kind: { type: 'choice', values: ['off', 'on'] },
    default: null,
    fallback: 'off; on when s3.endpoint is set',
    env: 'TICKLAKE_S3_PATH_STYLE',
    doc: "Whether the bucket stands in the path of a request rather than in the host's name",
    commands: [],
  },
  'glue.endpoint': {
    kind: { ...text('URL'), form: ENDPOINT },
    default: null,
    fallback: 'that of AWS in the region',
    env: 'TICKLAKE_GLUE_ENDPOINT',
    doc: 'Where a catalog is that speaks Glue and is not AWS, or a VPC endpoint: https://HOST[:PORT]',
    commands: [],
  },
} as const satisfies Readonly<Record<string, Setting>>
