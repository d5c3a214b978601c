/** Where a part says what happens to it: structured, one line an entry; the caller chooses the sink. */
export const LOG_LEVELS = ['debug', 'info', 'warn', 'error'] as const
export type LogLevel = (typeof LOG_LEVELS)[number]
export type LogFields = Readonly<Record<string, string | number | boolean | null | undefined>>
export type Logger = (level: LogLevel, message: string, fields?: LogFields) => void
export const silent: Logger = () => undefined
