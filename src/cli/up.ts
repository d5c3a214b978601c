import type { Parts } from '../config/components.ts'
import type { Setting } from '../config/setting.ts'
import { SETTINGS } from '../config/settings.ts'
import { Fault } from '../flow/fault.ts'
import type { Logger } from '../flow/log.ts'
import { keepChild, type Child } from './children.ts'
import type { Command, Invocation } from './command.ts'
import { EXIT } from './exit.ts'
import { portState } from './ports.ts'
import { statusLine, type StatusLine } from './status-line.ts'
import { plain } from './terminal.ts'

export const command: Command = {
  text: {
    name: 'up',
    takes: '[SYMBOL…]',
    summary: 'Record, land and serve, all three, until Ctrl-C',
    examples: [
      ['ticklake up', 'without a key: a simulated market, said so everywhere'],
      ['FINNHUB_TOKEN=… ticklake up AAPL MSFT', 'real trades of two symbols'],
      [
        'ticklake up --data /srv/ticks --port 0 --open',
        'elsewhere, on any free port, in the browser',
      ],
      ['ticklake up --tape kafka://broker:9092', 'the tape on Kafka, in the topic kafka_finnhub'],
    ],
    about:
      'Three processes that meet only at the tape and the catalog, and a fourth for a simulated market; each\n' +
      'is started again when it ends. Ctrl-C drains them in order: record, land, serve.',
    flags: [{ name: 'open', doc: 'Open the page in the browser' }],
    positionalsMax: Infinity,
  },
  invalidExit: EXIT.settings,
  run: async (invocation) => {
    const { partsOf } = await import('../config/components.ts')
    const { accessTo } = await import('./serve.ts')
    const line = statusLine(invocation.terminal, invocation.json)
    const log = line.around(await invocation.log())
    const parts = partsOf(await invocation.settings(), { log })
    await accessTo(parts) // what is wrong with it is told before anything starts
    const port = await choosePort(parts)
    const children = await startAll(invocation, parts, { port, line })
    const killAll = () => children.forEach((child) => child.kill())
    process.on('exit', killAll)
    invocation.onStop('writing the tape, then committing what is on it')
    const stopped = new Promise<number>((resolve) =>
      invocation.signal.addEventListener('abort', () => resolve(EXIT.ok), { once: true }),
    )
    const code = await Promise.race([stopped, ...children.map(({ over }) => over)])
    line.end()
    const codes = await drain(children, log)
    process.off('exit', killAll)
    if (code !== EXIT.ok) return code
    return codes.every((one) => one === EXIT.ok) ? EXIT.ok : EXIT.failed
  },
}

/** In order: what feeds first, what it feeds after. */
async function drain(children: readonly Child[], log: Logger): Promise<readonly (number | null)[]> {
  const codes: (number | null)[] = []
  for (const child of children) {
    log('info', `stopping ${child.name}`)
    codes.push(await child.stop())
  }
  log('info', 'all parts have stopped')
  return codes
}

/** The port of the page: the one that was named, or the default, or, where that is taken, any free one. */
async function choosePort({ loaded, log }: Parts): Promise<number> {
  const { host, port } = loaded.settings
  if (port === 0) return port
  const state = await portState(host, port)
  if (state === 'free') return port
  if (state !== 'taken')
    throw new Fault('unavailable', `${host} port ${port} cannot be used: ${state.unusable}`, {
      remedy: 'Choose another --port, or a --host that is an address of this machine.',
    })
  if (loaded.origins.get('port') !== 'default')
    throw new Fault('unavailable', `port ${port} on ${host} is taken`, {
      remedy: 'Stop the program that has it, choose another --port, or --port 0 for any.',
    })
  log('warn', `port ${port} is taken: taking a free one`)
  return 0
}

type Starting = { readonly port: number; readonly line: StatusLine }

/** The children in the order in which they drain. */
async function startAll(
  invocation: Invocation,
  parts: Parts,
  starting: Starting,
): Promise<readonly Child[]> {
  const { line } = starting
  const { feedAddress } = await import('../config/places.ts')
  const isSimulator = feedAddress(parts.loaded).kind === 'simulator'
  const known = { url: '', simulatorPort: 0, servePort: starting.port }
  const common = childArguments(invocation)
  const child = (
    name: string,
    { args, env = () => ({}), onMessage = () => undefined }: ChildNeeds,
  ): Child =>
    keepChild({
      name,
      self: invocation.self,
      args: () => [...args(), ...common],
      env: () => ({ ...childEnvironment(invocation, parts, name), ...env() }),
      onLine: (text) => line.print(labelled(name, text, invocation)),
      onMessage,
      clock: parts.clock,
      random: parts.random,
      log: parts.log,
    })
  const simulatorUp = Promise.withResolvers<void>()
  const simulator = isSimulator
    ? [
        child('simulator', {
          args: () => ['replay', 'simulator', '--listen', String(known.simulatorPort)],
          onMessage: (message) => {
            known.simulatorPort = numberIn(message, 'port') ?? known.simulatorPort
            simulatorUp.resolve()
          },
        }),
      ]
    : []
  const serve = child('serve', {
    args: () => ['serve'],
    env: () => ({ TICKLAKE_PORT: String(known.servePort) }),
    onMessage: (message) => {
      const url = textIn(message, 'url')
      if (url === null || url === known.url) return
      known.url = url
      known.servePort = Number(new URL(url).port)
      void announce(invocation, parts, { url, line })
    },
  })
  const land = child('land', { args: () => ['land'] })
  if (isSimulator) await Promise.race([simulatorUp.promise, simulator[0]?.over])
  const record = child('record', {
    args: () => ['record', ...invocation.positionals],
    env: () => (isSimulator ? { TICKLAKE_FEED: `ws://127.0.0.1:${known.simulatorPort}` } : {}),
  })
  return [record, ...simulator, land, serve]
}

type ChildNeeds = {
  readonly args: () => readonly string[]
  readonly env?: () => NodeJS.ProcessEnv
  readonly onMessage?: (message: unknown) => void
}

/** Flags that a child gets as this process got them. */
function childArguments({ json, configFile, terminal }: Invocation): readonly string[] {
  const coloured = terminal.paint('bold', 'x') !== 'x'
  return [
    ...(json ? ['--json'] : []),
    ...(configFile === null ? [] : ['--config', configFile]),
    '--color',
    coloured ? 'always' : 'never',
  ]
}

/** Settings given as flags, and what this process has settled, so that all parts agree; secrets where they are used. */
function childEnvironment(
  { given }: Invocation,
  { places }: Parts,
  name: string,
): NodeJS.ProcessEnv {
  const asVariables = [...given].map(([setting, value]) => [variableOf(setting), value])
  const kept = Object.entries(process.env).filter(([variable]) => !isKeptFrom(name, variable))
  return {
    ...Object.fromEntries(kept),
    ...Object.fromEntries(asVariables),
    TICKLAKE_SOURCE: places.source,
    TICKLAKE_DATA: places.data,
  }
}

/** The feed's key is for the recorder alone; a simulator meets neither feed nor brokers. */
const isKeptFrom = (part: string, variable: string): boolean =>
  variable === SETTINGS['finnhub.token'].env
    ? part !== 'record'
    : part === 'simulator' && SECRETS.has(variable)

const SECRETS: ReadonlySet<string> = new Set(
  Object.values<Setting>(SETTINGS).flatMap(({ kind, env }) =>
    kind.type === 'secret' ? [env] : [],
  ),
)

const variableOf = (setting: string): string =>
  `TICKLAKE_${setting.toUpperCase().replaceAll('.', '_')}`

/** One log of all parts: a label before each line, or a field in each JSON line. */
function labelled(name: string, text: string, { json, terminal }: Invocation): string {
  if (!json) return `${terminal.paint('bold', name.padEnd(9))} ${text}\n`
  try {
    const entry: unknown = JSON.parse(text)
    if (typeof entry === 'object' && entry !== null)
      return `${JSON.stringify({ part: name, ...entry })}\n`
  } catch {
    // not JSON: a stack, or a line of the runtime's own
  }
  return `${JSON.stringify({ part: name, level: 'error', message: text })}\n`
}

async function announce(
  invocation: Invocation,
  { places, loaded }: Parts,
  { url, line }: { url: string; line: StatusLine },
): Promise<void> {
  const { terminal, json, flags } = invocation
  const { lakeElsewhere, lakeText } = await import('../config/lake-places.ts')
  const { source, simulated, data, tape } = places
  const elsewhere = lakeElsewhere(places)
  const onKafka = tape.kind === 'kafka' ? `Tape: ${plain(tape.address)}\n` : ''
  const lake = elsewhere === null ? '' : `Lake: ${plain(elsewhere)}\n`
  const real = simulated
    ? 'Simulated trades, not a market. Set FINNHUB_TOKEN to record real ones.'
    : `Recording ${plain(source)}.`
  line.clear()
  await terminal.out(
    json
      ? `${JSON.stringify({ url, source, simulated, data, tape: tape.address, lake: lakeText(places) })}\n`
      : `ticklake is up: ${url}\n${real}\n${onKafka}${lake}Data: ${plain(data)}\n`,
  )
  line.follow(url, loaded.settings['serve.token']?.reveal() ?? null)
  if (flags.has('open')) {
    const { openInBrowser } = await import('./serve.ts')
    openInBrowser(url)
  }
}

function textIn(message: unknown, field: string): string | null {
  const value = (message as Readonly<Record<string, unknown>> | null)?.[field]
  return typeof value === 'string' ? value : null
}
function numberIn(message: unknown, field: string): number | null {
  const value = (message as Readonly<Record<string, unknown>> | null)?.[field]
  return typeof value === 'number' ? value : null
}
