import { tapeText } from '../config/places.ts'
import type { Watchlist } from '../feed/feed.ts'
import { Fault, isFault } from '../flow/fault.ts'
import type { Lease, Tape } from '../tape/tape.ts'
import type { Command } from './command.ts'
import { EXIT } from './exit.ts'
import { startPart, supervised, type RunningPart } from './part.ts'
import { tellStandby } from './standby.ts'

export const command: Command = {
  text: {
    name: 'record',
    takes: '[SYMBOL…]',
    summary: 'Feed to tape: record live trades',
    examples: [
      ['ticklake record AAPL MSFT', 'two symbols'],
      ['ticklake record --feed ws://127.0.0.1:8001', 'from a replay server'],
      ['ticklake record --tape kafka://broker:9092', 'to Kafka; a second one, anywhere, stands by'],
    ],
    about:
      'One recorder holds the lease of a tape; others, with Kafka on any machine, wait for it. The settings\n' +
      'file is watched: a change of its symbols subscribes and unsubscribes without a reconnect. Ctrl-C\n' +
      'closes the feed, writes what has come to the tape and ends.',
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
  const { openRecording } = await import('../config/components.ts')
  const { leaseOf, openTapeToWrite, patientTape } = await import('../config/tapes.ts')
  const { record } = await import('../pipeline.ts')
  part.state('waiting for the recorder lease')
  const waiting = new AbortController()
  void tellStandby(parts, waiting.signal)
  try {
    await using lease = await leaseOf(parts, 'recorder')(stop)
    waiting.abort()
    await using opened = await openTapeToWrite(parts)
    const { epoch, lost } = lease
    const patient = await patientTape(parts, opened, AbortSignal.any([stop, lost]))
    const tape = leasedTape(patient, lease)
    const recording = await openRecording(parts, { watchlist, url, lease })
    part.state('recording')
    parts.metrics.add('ticklake_record_leases_taken_total', 1)
    parts.log('info', 'recording', {
      source: parts.places.source,
      simulated: parts.places.simulated || undefined,
      symbols: watchlist.current().length,
      ...(!supervised && { tape: tapeText(parts.places), epoch }),
    })
    try {
      await record({ ...recording, tape: countedTape(tape, part), signal: stop })
    } catch (error) {
      // Brokers that are away take lease and tape together: what they did not acknowledge is in a gap.
      const passes = isFault(error, 'closed') || isFault(error, 'unavailable')
      if (!lost.aborted || !passes) throw error
    }
    if (lost.aborted && !stop.aborted) {
      parts.metrics.add('ticklake_record_leases_lost_total', 1)
      parts.log('error', 'the recorder lease was lost: closed the feed, standing by')
    }
  } catch (error) {
    if (!stop.aborted || !isFault(error, 'closed')) throw error
  } finally {
    waiting.abort()
  }
}

/**
 * The tape, to which nothing is appended once somebody else may have the lease. What was to be appended is then
 * missing as after a kill: coverage ends at the last frame that was vouched for.
 */
function leasedTape(tape: Tape, lease: Lease): Tape {
  const append: Tape['append'] = async (events) => {
    if (!lease.holds() && events.some(({ kind }) => kind === 'records')) throw leaseLost()
    await tape.append(events)
  }
  return { ...tape, append }
}

const leaseLost = (): Fault =>
  new Fault('closed', 'the recorder lease was lost', { remedy: 'It is waited for again.' })

/** The tape, with what is appended counted. */
function countedTape(tape: Tape, { registry, parts }: RunningPart): Tape {
  const { clock } = parts
  return {
    ...tape,
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
