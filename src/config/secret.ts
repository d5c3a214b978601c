import { inspect } from 'node:util'

/** A value that prints as `***` wherever it is printed, logged, inspected or made JSON; only `reveal` gives it. */
export class Secret {
  readonly #value: string
  constructor(value: string) {
    this.#value = value
  }
  reveal(): string {
    return this.#value
  }
  toString(): string {
    return '***'
  }
  toJSON(): string {
    return '***'
  }
  [inspect.custom](): string {
    return '***'
  }
}

/**
 * Replaces every occurrence of the secrets that are in `secrets` at that moment, plain, percent-encoded or
 * inside JSON, in text that is about to be shown.
 */
export function redactor(secrets: ReadonlyMap<string, Secret>): (text: string) => string {
  return (text) =>
    [...secrets.values()]
      .flatMap((secret) => spellings(secret.reveal()))
      .filter((word) => word.length > 0)
      .toSorted((a, b) => b.length - a.length) // one may be part of another
      .reduce((shown, word) => shown.replaceAll(word, '***'), text)
}

const spellings = (word: string): readonly string[] => [
  word,
  encodeURIComponent(word.toWellFormed()),
  JSON.stringify(word).slice(1, -1),
]
