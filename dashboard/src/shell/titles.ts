import type { PageName } from '../route.ts'

export const TITLES: Readonly<Record<PageName, string>> = {
  market: 'Market',
  sql: 'SQL',
  lake: 'Lake',
}
