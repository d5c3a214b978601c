import type { Command } from './command.ts'

/** Every command: its line in the help, and where it is; a command's file loads only when it is used. */
export const COMMANDS: readonly {
  readonly name: string
  readonly summary: string
  readonly group: 'run' | 'ask' | 'care'
  readonly load: () => Promise<{ readonly command: Command }>
}[] = [
  {
    name: 'up',
    group: 'run',
    summary: 'Record, land and serve, all three, until Ctrl-C',
    load: () => import('./up.ts'),
  },
  {
    name: 'record',
    group: 'run',
    summary: 'Feed to tape: record live trades',
    load: () => import('./record.ts'),
  },
  {
    name: 'land',
    group: 'run',
    summary: 'Tape to lake: commit what was recorded to the Iceberg tables',
    load: () => import('./land.ts'),
  },
  {
    name: 'serve',
    group: 'run',
    summary: 'The page, the API and the metrics, on 127.0.0.1',
    load: () => import('./serve.ts'),
  },
  {
    name: 'replay',
    group: 'run',
    summary: "A server that speaks the feed's protocol from recorded days or a simulated market",
    load: () => import('./replay.ts'),
  },
  {
    name: 'sql',
    group: 'ask',
    summary: 'Ask lake and tape in SQL; a prompt on a terminal',
    load: () => import('./sql.ts'),
  },
  {
    name: 'tail',
    group: 'ask',
    summary: 'Trades as they are recorded',
    load: () => import('./tail.ts'),
  },
  {
    name: 'candles',
    group: 'ask',
    summary: 'Bars of a symbol, by the right condition rules',
    load: () => import('./candles.ts'),
  },
  {
    name: 'export',
    group: 'ask',
    summary: 'The whole of an answer as Parquet, CSV or NDJSON',
    load: () => import('./export.ts'),
  },
  {
    name: 'gaps',
    group: 'ask',
    summary: 'What was missed, when and why',
    load: () => import('./gaps.ts'),
  },
  {
    name: 'ls',
    group: 'ask',
    summary: "The lake's days: files, rows, bytes",
    load: () => import('./ls.ts'),
  },
  {
    name: 'inspect',
    group: 'ask',
    summary: 'What is in the lake: days, files, one file’s columns, snapshots',
    load: () => import('./inspect.ts'),
  },
  {
    name: 'verify',
    group: 'care',
    summary: 'Prove that every record of the tape is exactly one row of the lake',
    load: () => import('./verify.ts'),
  },
  {
    name: 'doctor',
    group: 'care',
    summary: 'Check this machine, the settings and every part, with a remedy for each',
    load: () => import('./doctor.ts'),
  },
  {
    name: 'compact',
    group: 'care',
    summary: "Write days' files anew, as few and sorted",
    load: () => import('./compact.ts'),
  },
  {
    name: 'expire',
    group: 'care',
    summary: 'Let go of old snapshots, and of the files that only they have',
    load: () => import('./expire.ts'),
  },
  {
    name: 'orphans',
    group: 'care',
    summary: 'Remove files that no snapshot reaches: what crashes and lost commits left',
    load: () => import('./orphans.ts'),
  },
  {
    name: 'purge',
    group: 'care',
    summary: 'Remove trades for good: of symbols, from before a day, or all',
    load: () => import('./purge.ts'),
  },
  {
    name: 'topic',
    group: 'care',
    summary: 'The tape’s topics on Kafka: make them, look at them',
    load: () => import('./topic.ts'),
  },
  {
    name: 'aws',
    group: 'care',
    summary: 'The lake in AWS: its statements, database, workgroup and views; what its rights are',
    load: () => import('./aws.ts'),
  },
  {
    name: 'init',
    group: 'care',
    summary: 'Write a commented settings file',
    load: () => import('./init.ts'),
  },
  {
    name: 'config',
    group: 'care',
    summary: 'The settings in effect and where each came from; their JSON Schema',
    load: () => import('./config.ts'),
  },
  {
    name: 'version',
    group: 'care',
    summary: 'The version of ticklake and of what it runs on',
    load: () => import('./version.ts'),
  },
]
