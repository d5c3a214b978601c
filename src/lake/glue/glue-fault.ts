import type { Fault } from '../../flow/fault.ts'
import { AGAIN, awsFault, type Reading } from '../aws-fault.ts'

const LIMIT: Reading = {
  kind: 'invalid',
  remedy:
    'A quota of the account is used up: raise it (Service Quotas, AWS Glue), or delete old tables and table versions.',
}

const READINGS: Readonly<Record<string, Reading>> = {
  AccessDeniedException: {
    kind: 'invalid',
    remedy:
      'Allow the identity glue:GetDatabase, glue:GetTable, glue:CreateTable and glue:UpdateTable on the catalog, the database and its tables; where Lake Formation guards them, grant it CREATE_TABLE on the database and ALTER on the tables. A missing database is made with glue:CreateDatabase, or by somebody else’s `ticklake aws setup`.',
  },
  EntityNotFoundException: {
    kind: 'invalid',
    remedy: 'Correct TICKLAKE_CATALOG=glue:DATABASE and the region; the first `land` makes it.',
  },
  ResourceNumberLimitExceededException: LIMIT,
  GlueEncryptionException: {
    kind: 'invalid',
    remedy: 'The catalog is encrypted: give the identity its key (kms:Decrypt, kms:Encrypt).',
  },
  InternalServiceException: {
    kind: 'unavailable',
    remedy: `Glue failed for a moment. ${AGAIN}`,
  },
  OperationTimeoutException: {
    kind: 'unavailable',
    remedy: `Glue took too long. ${AGAIN}`,
  },
  ResourceNotReadyException: {
    kind: 'unavailable',
    remedy: `Glue is still making it. ${AGAIN}`,
  },
}

/** An error of Glue as the fault that says what to do; `what` is the database or `database.table`. */
export const glueFault = (what: string, error: unknown): Fault =>
  awsFault(`Glue ${what}`, error, READINGS)
