import { createServer } from 'node:net'

/** Whether a server could listen there now: yes, another program does, or why it cannot at all. */
export type PortState = 'free' | 'taken' | { readonly unusable: string }

export const portState = (host: string, port: number): Promise<PortState> =>
  new Promise((resolve) => {
    const probe = createServer()
    probe.once('error', ({ code, message }: NodeJS.ErrnoException) =>
      resolve(code === 'EADDRINUSE' ? 'taken' : { unusable: message }),
    )
    probe.listen(port, host, () => probe.close(() => resolve('free')))
  })
