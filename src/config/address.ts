import { Fault } from '../flow/fault.ts'

/** An address that is wrong, for a message: without what may be a key or a password. */
export const masked = (address: string | null): string =>
  String(address)
    .replace(/\/\/.*@/s, '//***@')
    .replace(/(\/\/[^?#]*[?#]).*/s, '$1***')

/** A text to be shown, of whatever setting: without the login of an address in it. */
export const withoutLogin = (text: string): string =>
  text.replaceAll(/\/\/[^/\s:@]*:[^/\s]*@/g, '//***@')

/**
 * The path of `<scheme>:PATH`; null: nothing was written. `takes` says all that the setting takes. Faults:
 * `invalid` for an address of another kind.
 */
export function pathIn(
  written: string | null,
  { setting, scheme, takes }: { setting: string; scheme: string; takes: string },
): string | null {
  if (written === null) return null
  const [, named, rest] = /^([a-z0-9]+):(.+)$/.exec(written) ?? []
  if (named === scheme && rest !== undefined && !rest.startsWith('//')) return rest
  throw new Fault('invalid', `${setting} takes ${takes}, not ${masked(written)}`, {
    remedy: `Use ${takes} for ${setting}, or leave it out.`,
  })
}
