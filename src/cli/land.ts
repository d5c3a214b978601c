import type { Adopting, Landed, Lakes } from '../config/components.ts'
import { lakeElsewhere, lakeText } from '../config/lake-places.ts'
import { tapeText } from '../config/places.ts'
import { backoffMs } from '../flow/retry.ts'
import { Fault, isFault } from '../flow/fault.ts'
import { together } from '../flow/together.ts'
import type { Lake, Staged } from '../lake/lake.ts'
import type { Positions } from '../market/records.ts'
import { stoppedText } from '../serve/state.ts'
import type { Tape } from '../tape/tape.ts'
import type { Command, Invocation } from './command.ts'
import { EXIT } from './exit.ts'
import { startPart, supervised, type RunningPart } from './part.ts'

/** Between turns that end early: short at first, because the other writer is done in a moment. */
const TURN_BACKOFF = { baseMs: 200, capMs: 30_000 }
/** Until a lake can be reached: each try takes seconds by itself. */
const LAKE_BACKOFF = { baseMs: 1_000, capMs: 30_000 }
/** A turn that lived this long was healthy: the next wait starts small again. */
const HEALTHY_MS = 60_000
/** Tape or lake may have been mended: a lander that had to stop looks again after this long. */
const HELD_MS = 5 * 60_000
/** How often the tape is asked whether it is there yet. */
const TAPE_POLL_MS = 500
/** The last catching up before the end takes this long at most; the rest is landed at the next start. */
const CATCH_UP_MS_MAX = 30_000

export const command: Command = {
  text: {
    name: 'land',
    takes: '',
    summary: 'Tape to lake: commit what was recorded to the Iceberg tables',
    examples: [
      ['ticklake land', 'a commit every 10 s'],
      ['ticklake land --land-age 1s', 'a commit every second'],
      ['ticklake land --tape kafka://broker:9092', 'any number of these share the partitions'],
      ['ticklake land --lake s3://bucket/prefix', 'to S3, and Glue as the catalog'],
    ],
    about:
      'One lander holds the lease of a SQLite tape and others wait for it; those of a Kafka topic share its\n' +
      'partitions. Ctrl-C commits what is on the tape and ends; killed at any moment, the next start goes on\n' +
      'exactly where the lake ends. What does not fit together stops it; with one of these flags it goes on.',
    flags: [
      { name: 'adopt-tape', doc: 'Land this tape too, into a lake that holds another' },
      {
        name: 'adopt-rollback',
        doc: 'The table was rolled back: land again from its older position',
      },
      {
        name: 'accept-gap',
        doc: 'Go on behind records that were trimmed before they landed; noted as a gap',
      },
    ],
    positionalsMax: 0,
  },
  invalidExit: EXIT.settings,
  run: async (invocation) => {
    await using part = await startPart('land', invocation)
    invocation.onStop('committing what is on the tape')
    try {
      if (supervised) await landOrHold(part, invocation)
      else await landUntil(part, invocation)
    } catch (error) {
      if (!invocation.signal.aborted || !isFault(error, 'closed')) throw error
    }
    part.parts.log(supervised ? 'debug' : 'info', 'lander stopped')
    return EXIT.ok
  },
}

/**
 * Under `up` a lander that must not go on stays, says why, and looks again now and then: ending would only
 * have it started again at once, or, with settings that fitted when landing began, end the recording too.
 * When it is told to stop meanwhile, its fault is thrown.
 */
async function landOrHold(part: RunningPart, invocation: Invocation): Promise<void> {
  const { clock, log } = part.parts
  let begun = false
  const onBegun = () => void (begun = true)
  for (;;) {
    try {
      return await landUntil(part, { ...invocation, onBegun })
    } catch (error) {
      const stops = isFault(error, 'corrupt') || (begun && isFault(error, 'invalid'))
      if (!stops || invocation.signal.aborted) throw error
      const { message, remedy } = error
      part.state('stopped')
      part.stopped({ message, remedy })
      log('error', stoppedText({ message, remedy }), { next_try_s: HELD_MS / 1000 })
      await clock.sleep(HELD_MS, invocation.signal)
      if (invocation.signal.aborted) throw error
    }
  }
}

async function landUntil(
  part: RunningPart,
  { signal: stop, flags, onBegun }: Pick<Invocation, 'signal' | 'flags'> & { onBegun?: () => void },
): Promise<void> {
  const { parts } = part
  const { leaseOf } = await import('../config/tapes.ts')
  const { trimLoop } = await import('./trim.ts')
  const { ownership } = await import('./ownership.ts')
  const { keepSmall } = await import('./upkeep.ts')
  part.state('waiting for a tape')
  await using tape = await firstTape(part, stop)
  part.state('waiting for the lander lease')
  await using lease = await leaseOf(parts, 'lander')(stop)
  part.state('waiting for the lake')
  const adopting = {
    adoptTape: flags.has('adopt-tape'),
    adoptRollback: flags.has('adopt-rollback'),
  }
  const waiting = AbortSignal.any([stop, lease.lost])
  await using lakes = await firstLakes(part, { tape, adopting, signal: waiting })
  const { log: records, owns } = ownership(lakes.records.log)
  const tables = [{ ...lakes.records, log: records }, lakes.feedLog]
  if (flags.has('accept-gap')) {
    const { acceptGaps } = await import('./accept-gap.ts')
    await acceptGaps(parts, { tape, tables, signal: stop })
  }
  part.state('landing')
  part.stopped(null)
  onBegun?.()
  const { places, log } = parts
  log('info', 'landing', {
    ...(!supervised && { tape: tapeText(places) }),
    ...((!supervised || lakeElsewhere(places) !== null) && { lake: lakeText(places) }),
  })
  const failed = new AbortController()
  const signal = AbortSignal.any([stop, lease.lost, failed.signal])
  const over = AbortSignal.any([lease.lost, failed.signal])
  const landing = tables.map((landed) => () => landOne(part, landed, { stop, over }))
  const trimming = () => trimLoop(parts, tables, signal)
  const keeping = () => keepSmall(parts, { tables, dir: lakes.dir, owns }, signal)
  await together([...landing, trimming, keeping], failed)
  if (lease.lost.aborted)
    throw new Fault('unavailable', 'the lander lease was lost', {
      remedy: 'Start it again: it waits for the lease. Leave lander.lock beside the tape alone.',
    })
}

/** A recorder of ours binds the tape before its first record: these are another program's. */
const hasRecords = async (tape: Tape): Promise<boolean> =>
  [...(await tape.trades.bounds()).values()].some(({ end }) => end > 0)

/** The tape, as soon as a recorder has bound it to a source, or another program has written to it. */
async function firstTape(part: RunningPart, stop: AbortSignal): Promise<Tape> {
  const { openTapeToRead, prepareTapeToLand } = await import('../config/tapes.ts')
  const { log, places } = part.parts
  let told = false
  while (!stop.aborted) {
    let why = 'nothing is recorded yet'
    try {
      await prepareTapeToLand(part.parts)
      const tape = await openTapeToRead(part.parts)
      if ((await tape.source()) !== null || (await hasRecords(tape))) return tape
      await tape[Symbol.asyncDispose]()
    } catch (error) {
      if (!isFault(error, 'unavailable')) throw error
      why = error.message
    }
    if (!told)
      log(supervised ? 'debug' : 'info', 'waiting for a tape', { tape: tapeText(places), why })
    told = true
    await part.parts.clock.sleep(TAPE_POLL_MS, stop)
  }
  throw new Fault('closed', 'stopped before there was a tape', { remedy: 'Nothing to do.' })
}

type Opening = {
  readonly tape: Tape
  readonly adopting: Adopting
  readonly signal: AbortSignal
}

/** The lake, as soon as its store and its catalog can be reached. */
async function firstLakes(
  { parts }: RunningPart,
  { tape, adopting, signal }: Opening,
): Promise<Lakes> {
  const { openLakes } = await import('../config/components.ts')
  const { clock, random, log } = parts
  for (let attempt = 0; ; attempt++) {
    try {
      return await openLakes(parts, tape, adopting)
    } catch (error) {
      if (!isFault(error, 'unavailable') || signal.aborted) throw error
      const waitMs = backoffMs(LAKE_BACKOFF, attempt, random)
      log('warn', `waiting for the lake: ${error.message}`, { wait_ms: Math.round(waitMs) })
      await clock.sleep(waitMs, signal)
      if (signal.aborted) throw error
    }
  }
}

/** Lands until `over`, or until what has come when `stop` aborts is landed too. */
async function landOne(
  part: RunningPart,
  landed: Landed,
  { stop, over }: { readonly stop: AbortSignal; readonly over: AbortSignal },
): Promise<void> {
  const { land } = await import('../pipeline.ts')
  const { untilStopped } = await import('./catch-up.ts')
  const { clock, random, log } = part.parts
  let attempt = 0
  let last = clock.monotonic()
  const endOfTurn = async (error: Fault) => {
    if (clock.monotonic() - last > HEALTHY_MS) attempt = 0
    last = clock.monotonic()
    const waitMs = backoffMs(TURN_BACKOFF, attempt++, random)
    part.registry.add('ticklake_land_turns_ended_total', 1, {
      kind: error.kind,
      table: landed.name,
    })
    log('warn', `a turn of ${landed.name} ended: ${error.message}`, {
      kind: error.kind,
      wait_ms: Math.round(waitMs),
    })
    await clock.sleep(waitMs, AbortSignal.any([stop, over]))
  }
  const { group, decode, roll } = landed
  const tapeLog = untilStopped(landed.log, { stop, limitMs: CATCH_UP_MS_MAX })
  const lake = tellingLake(part, landed)
  await land({ log: tapeLog, lake, group, decode, roll, endOfTurn, signal: over })
}

/** The lake, with its commits timed, logged and put in the status. */
function tellingLake({ registry, parts }: RunningPart, landed: Landed): Lake {
  const { lake, name } = landed
  const { clock, log } = parts
  const table = { table: name }
  let told = false
  return {
    ...lake,
    commit: async (staged) => {
      const began = clock.monotonic()
      await lake.commit(staged)
      const seconds = (clock.monotonic() - began) / 1000
      void landed.log.landed(landed.group, positionsIn(staged))
      registry.set('ticklake_land_commit_seconds', seconds, table)
      const bytes = staged.files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)
      registry.set('ticklake_land_last_commit_rows', staged.rows, table)
      registry.set('ticklake_land_last_commit_bytes', bytes, table)
      // The first shows that it works; those after it are in /metrics and on the page.
      log(name === 'records' && !told ? 'info' : 'debug', 'committed', {
        ...table,
        rows: staged.rows,
        files: staged.files.length,
        seconds: Number(seconds.toFixed(3)),
      })
      told = true
    },
  }
}

const positionsIn = ({ stretches }: Staged): Positions =>
  new Map([...stretches].map(([partition, { position }]) => [partition, position]))
