import type { Watchlist } from '../feed/feed.ts'
import type { Tape } from '../tape/tape.ts'
import type { Command } from './command.ts'
import { EXIT } from './exit.ts'
import { startPart, supervised, type RunningPart } from './part.ts'

export const command: Command = {
  text: {
    name: 'record',
    takes: '[SYMBOL…]',
    summary: 'Feed to tape: record live trades',
    examples: [
      ['ticklake record AAPL MSFT', 'two symbols'],
      ['ticklake record --feed ws://127.0.0.1:8001', 'from a replay server'],
    ],
    about:
      'One recorder holds the lease of a tape; others wait for it. The settings file is watched: a change\n' +
      'of its symbols subscribes and unsubscribes without a reconnect. Ctrl-C closes the feed, writes what\n' +
      'has come to the tape and ends.',
    flags: [],
    positionalsMax: Infinity,
  },
  invalidExit: EXIT.settings,
  run: async (invocation) => {
    const { signal, positionals } = invocation
    await using part = await startPart('record', invocation)
    invocation.onStop('writing what has come to the tape')
    const { openWatchlist } = await import('../config/components.ts')
    const { startStandInFeed } = await import('../config/replays.ts')
    await using standIn = await startStandInFeed(part.parts)
    const watchlist = await openWatchlist(part.parts, positionals, signal)
    while (!signal.aborted) await recordOnce(part, { signal, watchlist, url: standIn.url })
    part.parts.log('info', 'recorder stopped; everything that came is on the tape')
    return EXIT.ok
  },
}

type Recorder = {
  readonly signal: AbortSignal
  readonly watchlist: Watchlist
  /** Of the simulator that this process runs; null: the feed is elsewhere. */
  readonly url: string | null
}

/** Waits for the lease, then records until stopped or until the lease is lost. */
async function recordOnce(part: RunningPart, recorder: Recorder): Promise<void> {
  const { parts } = part
  const { signal: stop, watchlist, url } = recorder
  const { leaseOf, openRecording, openTapeToWrite, patientTape } =
    await import('../config/components.ts')
  const { record } = await import('../pipeline.ts')
  const { isFault } = await import('../flow/fault.ts')
  part.state('waiting for the recorder lease')
  const waiting = setTimeout(
    () => parts.log('info', 'another recorder has the lease of this tape: standing by'),
    1000,
  )
  try {
    await using lease = await leaseOf(parts, 'recorder')(stop)
    clearTimeout(waiting)
    await using opened = await openTapeToWrite(parts)
    const { epoch, lost } = lease
    const tape = await patientTape(parts, opened, AbortSignal.any([stop, lost]))
    const recording = await openRecording(parts, { watchlist, url, epoch, lost })
    part.state('recording')
    parts.log('info', 'recording', {
      source: parts.places.source,
      simulated: parts.places.simulated || undefined,
      symbols: watchlist.current().length,
      ...(!supervised && { tape: parts.places.tape.dir, epoch }),
    })
    await record({ ...recording, tape: countedTape(tape, part), signal: stop })
    if (lost.aborted && !stop.aborted)
      parts.log('error', 'the recorder lease was lost: closed the feed, standing by')
  } catch (error) {
    if (!stop.aborted || !isFault(error, 'closed')) throw error
  } finally {
    clearTimeout(waiting)
  }
}

/** The tape, with what is appended counted. */
function countedTape(tape: Tape, { registry, parts }: RunningPart): Tape {
  const { clock } = parts
  return {
    trades: tape.trades,
    feed: tape.feed,
    source: tape.source,
    [Symbol.asyncDispose]: () => tape[Symbol.asyncDispose](),
    append: async (events) => {
      const began = clock.monotonic()
      await tape.append(events)
      const records = events.filter((event) => event.kind === 'records').map((e) => e.records)
      const count = records.reduce((sum, { count }) => sum + count, 0)
      const bytes = records.reduce((sum, { bytes }) => sum + bytes.length, 0)
      registry.add('ticklake_tape_records_appended_total', count)
      registry.add('ticklake_tape_bytes_appended_total', bytes)
      registry.add('ticklake_tape_appends_total', 1)
      registry.set('ticklake_tape_append_seconds', (clock.monotonic() - began) / 1000)
      if (count > 0) registry.set('ticklake_tape_last_append_timestamp_seconds', clock.now() / 1000)
    },
  }
}
