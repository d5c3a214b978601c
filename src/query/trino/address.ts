import { Fault } from '../../flow/fault.ts'

/** Where Trino is and as whom, in which catalog and schema a query runs there. */
export type TrinoAddress = {
  /** `http://host:8080`, without a slash at its end. */
  readonly server: string
  readonly user: string
  readonly catalog: string
  readonly schema: string
}

const FORM = 'http[s]://[USER@]HOST[:PORT][/CATALOG[/SCHEMA]]'
const USER = 'ticklake'
const CATALOG = 'lake'
const SCHEMA = 'market'

/**
 * Reads `trino.url`; what it leaves out is `ticklake`, `lake` and `market`. Faults: `invalid`, also for a
 * password in it, and for one that would go over the net in the clear.
 */
export function parseTrinoAddress(written: string, hasPassword: boolean): TrinoAddress {
  const url = URL.canParse(written) ? new URL(written) : null
  if (url === null || !/^https?:$/.test(url.protocol) || url.search !== '' || url.hash !== '')
    throw wrong('trino.url is no address of a Trino server', `Write ${FORM}.`)
  if (url.password !== '')
    throw wrong(
      'trino.url carries a password, which would be printed',
      'Give it by TICKLAKE_TRINO_PASSWORD or TICKLAKE_TRINO_PASSWORD_FILE.',
    )
  if (hasPassword && url.protocol === 'http:')
    throw wrong(
      'the password of Trino would go over http, where everyone between can read it',
      'Name the server by https, or unset the password: Trino takes none over http.',
    )
  const [catalog = '', schema = '', ...rest] = url.pathname.slice(1).split('/').map(named)
  if (rest.some((part) => part !== ''))
    throw wrong('trino.url has too long a path', `Write ${FORM}.`)
  return {
    server: url.origin,
    user: named(url.username) || USER,
    catalog: catalog || CATALOG,
    schema: schema || SCHEMA,
  }
}

/** A part of the address as it is meant; what cannot be a header is refused. */
function named(part: string): string {
  let name = part
  try {
    name = decodeURIComponent(part)
  } catch {
    // a lone percent sign is itself
  }
  if (/[^ -~]/.test(name))
    throw wrong('trino.url names a user, catalog or schema outside of ASCII', `Write ${FORM}.`)
  return name
}

const wrong = (message: string, remedy: string): Fault => new Fault('invalid', message, { remedy })
