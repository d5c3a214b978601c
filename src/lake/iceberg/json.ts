import { Fault } from '../../flow/fault.ts'

/**
 * A 64-bit integer of the format: a number where it is exact, else a bigint. Always the same one of the two
 * for the same value, so `===` compares.
 */
export type Long = number | bigint

export const toLong = (value: bigint): Long => {
  const number = Number(value)
  return Number.isSafeInteger(number) ? number : value
}

type Reviver = (key: string, value: unknown, context: { readonly source?: string }) => unknown

// TypeScript's library does not know these two yet (TC39 "JSON.parse source text access", in Node since 21).
const parse = JSON.parse as (text: string, reviver: Reviver) => unknown
const { rawJSON } = JSON as unknown as { rawJSON(text: string): unknown }

const INTEGER = /^-?\d+$/
// Digits that may be an integer past 2^53 - 1 = 9007199254740991; without any, the plain parser is right, and fast.
const MAYBE_UNSAFE = /\d{17}|9(?:00[7-9]|0[1-9]\d|[1-9]\d\d)\d{12}/

/** JSON text to values; integers beyond 2^53 (other engines' snapshot ids) become bigint instead of a wrong number. */
export function parseJson(text: string, what: string): unknown {
  try {
    if (!MAYBE_UNSAFE.test(text)) return JSON.parse(text)
    return parse(text, (_key, value, { source }) =>
      typeof value === 'number' && !Number.isSafeInteger(value) && INTEGER.test(source ?? '')
        ? BigInt(source ?? '')
        : value,
    )
  } catch (cause) {
    throw new Fault('corrupt', `${what} is not JSON`, {
      remedy: 'The file is damaged or is not what it is named: restore it from a backup.',
      cause,
    })
  }
}

/** Values to JSON text; a bigint is written as the integer that it is. */
export function stringifyJson(value: unknown): string {
  try {
    return JSON.stringify(value)
  } catch (error) {
    if (!(error instanceof TypeError)) throw error // a bigint: plain JSON refuses it
  }
  return JSON.stringify(value, (_key, part: unknown) =>
    typeof part === 'bigint' ? rawJSON(part.toString()) : part,
  )
}
