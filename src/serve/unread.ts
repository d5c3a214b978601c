import type { Server } from 'node:http'

/**
 * Closes connections on which an answer that is whole is not taken within `millis`. Answers that are made while they are
 * read have a bound of their own (`pulled`).
 */
export function closeUnread(server: Server, millis: number): void {
  // Before who answers, which may do it at once.
  server.prependListener('request', (_, response) => {
    response.once('prefinish', () => {
      const late = setTimeout(() => response.destroy(), millis)
      late.unref()
      response.once('close', () => clearTimeout(late))
    })
  })
}
