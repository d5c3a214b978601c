import { lacksOfAws } from '../aws/needs.ts'
import { missing, skipFor } from '../needs.ts'

/**
 * Why a test that starts Trino on moto is skipped; false: what it takes is there. A Java that is
 * new enough comes from PyPI where none is installed.
 */
export const withoutTrino = (): string | false =>
  skipFor('Trino', [...missing('mvn', 'tar'), ...lacksOfAws()])
