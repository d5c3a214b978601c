import { existsSync } from 'node:fs'
import type { Parts } from '../config/components.ts'
import { Fault } from '../flow/fault.ts'
import type { ReplayServer, ReplaySource } from '../replay/replay.ts'
import { wholeNumber } from './args.ts'
import type { Command, Invocation } from './command.ts'
import { EXIT } from './exit.ts'
import { supervised } from './part.ts'

const PORT = 8001

export const command: Command = {
  text: {
    name: 'replay',
    takes: 'SOURCE',
    summary: "A server that speaks the feed's protocol from recorded days or a simulated market",
    examples: [
      ['ticklake replay frames.ndjson', 'recorded frames, as fast as they came, on port 8001'],
      [
        'ticklake replay tape --from today --speed 10',
        'the tape since midnight, ten times as fast',
      ],
      ['ticklake replay simulator --simulator-rate 1000', 'a simulated market'],
      ["ticklake replay simulator --faults 'seed=1,drop=0.01,close=0.001'", 'a bad day'],
      ['ticklake record AAPL --feed ws://127.0.0.1:8001', 'record from it'],
    ],
    about:
      'SOURCE is a file of recorded frames (NDJSON, also .gz), tape, lake, or simulator. Any client of the\n' +
      'feed can connect. The play begins with the first subscription. Tape and file give the very bytes;\n' +
      'the lake gives trades made anew from its columns, without those that the feed sent twice.',
    flags: [
      { name: 'listen', metavar: 'PORT', doc: `Port on 127.0.0.1, 0: any (default ${PORT})` },
      { name: 'speed', metavar: 'N', doc: 'Times as fast as recorded, or max (default 1)' },
      { name: 'loop', doc: 'Begin again at the end' },
      { name: 'from-start-on-connect', doc: 'Each connection gets all of it' },
      { name: 'rebase', doc: 'Shift the times of the trades so that the first is now' },
      {
        name: 'faults',
        metavar: 'LIST',
        doc: 'Seeded faults: drop, stall, duplicate, garbage, half, big, close, cut, 429, each =chance',
      },
      { name: 'from', metavar: 'TIME', doc: 'Of tape or lake: received from then on' },
      { name: 'to', metavar: 'TIME', doc: 'Of tape or lake: received before then' },
      { name: 'symbols', metavar: 'SYMBOL,…', doc: 'Of tape or lake: only these' },
    ],
    positionalsMax: 1,
  },
  run: async (invocation) => {
    const { partsOf } = await import('../config/components.ts')
    const parts = partsOf(await invocation.settings(), { log: await invocation.log() })
    await using server = await startServer(parts, invocation)
    parts.log(supervised ? 'debug' : 'info', 'replaying', {
      url: server.url,
      source: invocation.positionals[0],
    })
    if (invocation.json)
      await invocation.terminal.out(`${JSON.stringify({ url: server.url, port: server.port })}\n`)
    process.send?.({ kind: 'replaying', url: server.url, port: server.port })
    await untilStopped(server, invocation)
    const { frames, trades, faults } = server.sent()
    parts.log(supervised ? 'debug' : 'info', 'replay stopped', { frames, trades, faults })
    return EXIT.ok
  },
}

async function startServer(parts: Parts, invocation: Invocation): Promise<ReplayServer> {
  const { positionals, flags } = invocation
  const [source] = positionals
  const port = wholeNumber(flags, 'listen') ?? PORT
  if (source === undefined)
    throw new Fault('invalid', 'replay needs a SOURCE', {
      remedy:
        'Name a file of recorded frames, tape, lake or simulator. See ticklake replay --help.',
    })
  const { parseFaults, startReplay, startSimulator } = await import('../config/replays.ts')
  const faultText = flags.get('faults')
  const faults = faultText === undefined ? null : await parseFaults(faultText)
  if (source === 'simulator') return startSimulator(parts, { port, faults })
  const speedText = flags.get('speed') ?? '1'
  const speed = speedText === 'max' ? 'max' : Number(speedText)
  return startReplay(parts, {
    source: await sourceOf(parts, source, invocation),
    port,
    faults,
    speed,
    loop: flags.has('loop'),
    fromStartOnConnect: flags.has('from-start-on-connect'),
    rebase: flags.has('rebase'),
  })
}

async function sourceOf(
  parts: Parts,
  source: string,
  invocation: Invocation,
): Promise<ReplaySource> {
  const { flags } = invocation
  const { recordedFrames } = await import('../config/replays.ts')
  if (source === 'tape' || source === 'lake') {
    const { stretchSource } = await import('./replay-stretch.ts')
    return stretchSource(parts, source, invocation)
  }
  const only = ['from', 'to', 'symbols'].find((name) => flags.has(name))
  if (only !== undefined)
    throw new Fault('invalid', `--${only} is for tape and lake; a file is played whole`, {
      remedy: `Leave --${only} out, or replay tape or lake.`,
    })
  if (!existsSync(source))
    throw new Fault('invalid', `there is no file ${source}`, {
      remedy: 'Name a file of recorded frames (NDJSON), tape, lake or simulator.',
    })
  return recordedFrames(source)
}

/** Until a signal, or until the source has been sent to its end and nobody listens any more. */
async function untilStopped(server: ReplayServer, { signal }: Invocation): Promise<void> {
  const stopped = new Promise<void>((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
  let failed = false
  const failure = server.ended.catch((error: unknown) => {
    failed = true
    return error
  })
  await Promise.race([stopped, failure.then((error) => (failed ? error : stopped))])
  if (failed) throw await failure
}
