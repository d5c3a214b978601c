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

/** Replaces every occurrence of the secrets, plain or percent-encoded, in text that is about to be shown. */
export function redactor(secrets: readonly Secret[]): (text: string) => string {
  const words = secrets
    .flatMap((secret) => [secret.reveal(), encodeURIComponent(secret.reveal())])
    .filter((word) => word.length > 0)
  return (text) => words.reduce((shown, word) => shown.replaceAll(word, '***'), text)
}
