import { execFile } from 'node:child_process'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { Fault } from '../../src/flow/fault.ts'
import { HOST } from '../ports.ts'

/** Files in PEM. */
export type Certificates = {
  /** The authority that signed the other two. */
  readonly caFile: string
  /** Private key and chain in one file, as Kafka wants it; for 127.0.0.1 and localhost. */
  readonly serverKeystore: string
  readonly clientCertFile: string
  readonly clientKeyFile: string
}

const DAYS = '2'
const KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'] as const
const run = promisify(execFile)

/** Where `makeCertificates` leaves them in a folder. */
export const certificatesIn = (dir: string): Certificates => ({
  caFile: join(dir, 'ca.pem'),
  serverKeystore: join(dir, 'server-keystore.pem'),
  clientCertFile: join(dir, 'client.pem'),
  clientKeyFile: join(dir, 'client.key'),
})

/**
 * Makes an authority, and by it a server's and a client's certificate. Faults: `invalid` without
 * openssl.
 */
export async function makeCertificates(dir: string): Promise<Certificates> {
  const made = certificatesIn(dir)
  const ca = ['-keyout', 'ca.key', '-out', 'ca.pem', '-days', DAYS, '-subj', '/CN=stack']
  await openssl(dir, ['req', '-x509', ...KEY, ...ca])
  await sign(dir, { name: 'server', subject: HOST, extension: `IP:${HOST},DNS:localhost` })
  await sign(dir, { name: 'client', subject: 'ticklake', extension: 'DNS:ticklake' })
  const parts = ['server.key', 'server.pem', 'ca.pem'].map((name) => join(dir, name))
  const texts = await Promise.all(parts.map((file) => readFile(file, 'utf8')))
  await writeFile(made.serverKeystore, texts.join(''))
  return made
}

/** Leaves `<name>.key` and `<name>.pem`. */
async function sign(
  dir: string,
  { name, subject, extension }: { name: string; subject: string; extension: string },
): Promise<void> {
  const extensions = `${name}.ext`
  await writeFile(join(dir, extensions), `subjectAltName=${extension}\n`)
  const wish = ['-keyout', `${name}.key`, '-out', `${name}.csr`, '-subj', `/CN=${subject}`]
  await openssl(dir, ['req', ...KEY, ...wish])
  const authority = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-days', DAYS]
  const files = ['-in', `${name}.csr`, '-extfile', extensions, '-out', `${name}.pem`]
  await openssl(dir, ['x509', '-req', ...files, ...authority])
}

async function openssl(dir: string, args: readonly string[]): Promise<void> {
  try {
    await run('openssl', args, { cwd: dir })
  } catch (cause) {
    const said = (cause as { stderr?: string }).stderr ?? ''
    throw new Fault('invalid', `openssl made no certificate: ${said}`.trimEnd(), {
      remedy: 'Install OpenSSL, 1.1 or later, and have `openssl` on the PATH.',
      cause,
    })
  }
}
