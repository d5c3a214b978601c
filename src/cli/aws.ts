import type { EngineName } from '../config/engines.ts'
import { Fault } from '../flow/fault.ts'
import { choice } from './args.ts'
import type { Command, Invocation } from './command.ts'
import { EXIT, errorJson, errorText } from './exit.ts'

export const command: Command = {
  text: {
    name: 'aws',
    takes: 'ddl|setup|doctor',
    summary: 'The lake in AWS: its statements, database, workgroup and views; what its rights are',
    examples: [
      ['ticklake aws setup --dry-run', 'what would be made; nothing is'],
      ['ticklake aws setup --yes', 'make it; may be run again at any time'],
      ['ticklake aws doctor', 'each right tried, with a remedy; exit 1 when one fails'],
      ['ticklake aws ddl --engine trino', "the views' statements, to run them yourself"],
    ],
    about:
      'setup makes the Glue database, the Athena workgroup with its limit on what a query may read, and the\n' +
      'views. The tables are made by `ticklake land`: run setup again after it. Credentials come by AWS’s\n' +
      'default chain; what they may not do is said with the right that lacks, and the rest is done.',
    flags: [
      { name: 'engine', metavar: 'ENGINE', doc: 'ddl: athena (the default) or trino' },
      { name: 'dry-run', doc: 'setup: say what would be made or changed' },
      { name: 'yes', doc: 'setup: do not ask before it' },
    ],
    positionalsMax: 1,
  },
  invalidExit: EXIT.settings,
  run: async (invocation) => {
    const asked = askedOf(invocation)
    if (asked instanceof Fault) {
      const { terminal, json } = invocation
      terminal.err(json ? `${errorJson(asked)}\n` : errorText(asked))
      return EXIT.usage
    }
    if (asked.what === 'ddl') return (await import('./aws-ddl.ts')).ddl(invocation, asked.engine)
    if (asked.what === 'doctor') return (await import('./aws-doctor.ts')).doctor(invocation)
    return (await import('./aws-setup.ts')).setup(invocation, asked)
  },
}

type Asked =
  | { readonly what: 'ddl'; readonly engine: EngineName }
  | { readonly what: 'doctor' }
  | { readonly what: 'setup'; readonly dryRun: boolean; readonly yes: boolean }

const WORDS = ['ddl', 'setup', 'doctor'] as const
const FLAG_OF: Readonly<Record<string, string>> = {
  engine: 'ddl',
  'dry-run': 'setup',
  yes: 'setup',
}

/** What the command line asks for; a Fault: it asks for nothing that there is. */
function askedOf({ positionals, flags, terminal }: Invocation): Asked | Fault {
  const [word] = positionals
  const what = WORDS.find((known) => known === word)
  if (what === undefined)
    return usage(
      word === undefined
        ? 'aws needs ddl, setup or doctor'
        : `aws takes ddl, setup or doctor, not ${word}`,
      'See ticklake aws --help.',
    )
  const stray = [...flags.keys()].find((flag) => FLAG_OF[flag] !== what)
  if (stray !== undefined)
    return usage(`--${stray} goes with aws ${FLAG_OF[stray]}`, `Leave it out of aws ${what}.`)
  if (what === 'setup') {
    const [dryRun, yes] = [flags.has('dry-run'), flags.has('yes')]
    if (dryRun || yes || terminal.inIsScreen) return { what, dryRun, yes }
    return usage('nobody is there to agree to this', 'Say --yes, or look first with --dry-run.')
  }
  if (what === 'doctor') return { what }
  try {
    return { what, engine: choice(flags, 'engine', ['athena', 'trino']) ?? 'athena' }
  } catch (error) {
    if (error instanceof Fault) return error
    throw error
  }
}

const usage = (message: string, remedy: string): Fault => new Fault('invalid', message, { remedy })
