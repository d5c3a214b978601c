import type { Loaded } from '../config/load.ts'
import type { SettingName } from '../config/settings.ts'
import type { Logger } from '../flow/log.ts'
import type { Terminal } from './terminal.ts'

/** A flag of one command; a flag without a metavar takes no value. */
export type Flag = {
  readonly name: string
  readonly short?: string
  readonly metavar?: string
  readonly doc: string
}

/** A line to copy, and what it does. */
export type Example = readonly [line: string, does: string]

export type CommandText = {
  readonly name: string
  /** After the name, as in `[SYMBOL…]`. */
  readonly takes: string
  readonly summary: string
  readonly examples: readonly Example[]
  readonly flags: readonly Flag[]
  readonly positionalsMax: number
  /** A paragraph or two for the command's own help. */
  readonly about?: string
}

export type Invocation = {
  readonly positionals: readonly string[]
  /** The command's own flags; a flag that takes no value is ''. */
  readonly flags: ReadonlyMap<string, string>
  /** Settings given as flags, as written: a child gets them too. */
  readonly given: ReadonlyMap<SettingName, string>
  /** `--config`; null: not given. */
  readonly configFile: string | null
  readonly json: boolean
  readonly terminal: Terminal
  readonly settings: () => Promise<Loaded>
  readonly log: () => Promise<Logger>
  /** The first SIGINT or SIGTERM aborts it; its reason is the signal's name. */
  readonly signal: AbortSignal
  /** What the first signal makes the program say that it waits for. */
  readonly onStop: (waitsFor: string) => void
  /** This process again, for children: executable and first arguments. */
  readonly self: readonly string[]
}

/** One command: its words, and what it does. Resolves to the exit code. */
export type Command = {
  readonly text: CommandText
  /** The exit code of a fault of kind `invalid` while it runs: 78 where the settings are at fault. */
  readonly invalidExit?: number
  readonly run: (invocation: Invocation) => Promise<number>
}
