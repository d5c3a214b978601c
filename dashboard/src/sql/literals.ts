export const quotedText = (text: string): string => `'${text.replaceAll("'", "''")}'`

/** Columns of time have no zone and are UTC. */
export const timeLiteral = (ms: number): string =>
  `TIMESTAMP '${new Date(ms)
    .toISOString()
    .slice(0, 23)
    .replace('T', ' ')
    .replace(/(?::00)?\.000$/, '')}'`
