import { ENGINE_SETTINGS } from './engine-settings.ts'
import { KAFKA_SETTINGS } from './kafka-settings.ts'
import { S3_SETTINGS } from './s3-settings.ts'
import type { Secret } from './secret.ts'
import { SERVE_SETTINGS } from './serve-settings.ts'
import { DAY_MS, text, type Kind, type Setting } from './setting.ts'
import { UPKEEP_SETTINGS } from './upkeep-settings.ts'

const PARTS = ['up', 'record', 'land', 'serve']

/** Every setting there is. The name is the key in the settings file (a dot is a level) and, dashed, the flag. */
export const SETTINGS = {
  feed: {
    kind: text('ADDRESS'),
    default: null,
    fallback:
      'finnhub when FINNHUB_TOKEN is set; else, while tape and lake are defaults, simulator',
    env: 'TICKLAKE_FEED',
    doc: 'Where trades come from: finnhub, simulator, or ws://host:port',
    commands: 'all',
  },
  tape: {
    kind: text('ADDRESS'),
    default: null,
    fallback: 'sqlite:DATA/tape',
    env: 'TICKLAKE_TAPE',
    doc: 'The durable log of what the feed said: sqlite:DIR, or kafka://[USER@]HOST[:9092][,HOST…][/TOPIC]',
    commands: 'all',
  },
  lake: {
    kind: text('ADDRESS'),
    default: null,
    fallback: 'file:DATA/lake',
    env: 'TICKLAKE_LAKE',
    doc: 'Where the Iceberg tables lie: file:DIR, or s3://BUCKET[/PREFIX]',
    commands: 'all',
  },
  catalog: {
    kind: text('ADDRESS'),
    default: null,
    fallback: 'sqlite:DATA/lake/catalog.db; with a lake on S3 glue:market',
    env: 'TICKLAKE_CATALOG',
    doc: 'The Iceberg catalog that names the tables: sqlite:FILE, or glue:DATABASE',
    commands: 'all',
  },
  data: {
    kind: text('DIR'),
    default: null,
    fallback: './ticklake-data/SOURCE',
    env: 'TICKLAKE_DATA',
    doc: 'The folder of everything on this machine: tape, lake, status',
    commands: 'all',
  },
  source: {
    kind: text('NAME'),
    default: null,
    fallback: 'finnhub, simulator, or host-port of another feed',
    env: 'TICKLAKE_SOURCE',
    doc: 'The name that tape and lake are bound to at their first write',
    commands: 'all',
  },
  symbols: {
    kind: { type: 'list', metavar: 'SYMBOL,…' },
    default: 'AAPL,AMZN,GOOGL,META,MSFT,NVDA,QQQ,SPY,TSLA,BINANCE:BTCUSDT',
    env: 'TICKLAKE_SYMBOLS',
    doc: 'The symbols to record; a change in the settings file subscribes without a reconnect',
    commands: ['up', 'record'],
  },
  port: {
    kind: { type: 'integer', min: 0, max: 65_535 },
    default: '7400',
    env: 'TICKLAKE_PORT',
    doc: 'The port of the page and the API; 0: any free one',
    commands: ['up', 'serve', 'doctor'],
  },
  ...SERVE_SETTINGS,
  tz: {
    kind: text('ZONE'),
    default: 'America/New_York',
    env: 'TICKLAKE_TZ',
    doc: 'The time zone in which times without one are read and shown',
    commands: 'all',
  },
  'finnhub.token': {
    kind: { type: 'secret' },
    default: null,
    env: 'FINNHUB_TOKEN',
    doc: 'The Finnhub key; never a flag, never printed',
    commands: [],
  },
  'finnhub.token_file': {
    kind: text('FILE'),
    default: null,
    env: 'FINNHUB_TOKEN_FILE',
    doc: 'A file that holds the Finnhub key',
    commands: [],
  },
  ...KAFKA_SETTINGS,
  ...S3_SETTINGS,
  ...ENGINE_SETTINGS,
  'record.symbols_max': {
    kind: { type: 'integer', min: 1, max: 100_000 },
    default: '50',
    env: 'TICKLAKE_RECORD_SYMBOLS_MAX',
    doc: "The most symbols to subscribe at once; 50 is the feed's free plan",
    commands: ['up', 'record'],
  },
  'record.queue': {
    kind: { type: 'size', min: 1_000_000, max: 4_000_000_000 },
    default: '64MB',
    env: 'TICKLAKE_RECORD_QUEUE',
    doc: 'The queue between socket and tape; when it is full, frames are dropped and show as a gap',
    commands: ['up', 'record'],
  },
  'land.rows': {
    kind: { type: 'integer', min: 1, max: 20_000_000 },
    default: '500000',
    env: 'TICKLAKE_LAND_ROWS',
    doc: 'A commit is made after this many rows at the latest',
    commands: ['up', 'land'],
  },
  'land.size': {
    kind: { type: 'size', min: 1_000_000, max: 4_000_000_000 },
    default: '128MB',
    env: 'TICKLAKE_LAND_SIZE',
    doc: 'A commit is made after this much of the tape at the latest',
    commands: ['up', 'land'],
  },
  'land.age': {
    kind: { type: 'duration', minMs: 1000, maxMs: 3_600_000 },
    default: '10s',
    env: 'TICKLAKE_LAND_AGE',
    doc: 'A commit is made when its first row is this old at the latest',
    commands: ['up', 'land'],
  },
  'land.tape_retention': {
    kind: { type: 'duration', minMs: 0, maxMs: 3650 * DAY_MS },
    default: '7d',
    env: 'TICKLAKE_LAND_TAPE_RETENTION',
    doc: 'A SQLite tape keeps what has landed this long; a topic keeps records as its retention.ms says',
    commands: ['up', 'land'],
  },
  ...UPKEEP_SETTINGS,
  'query.memory': {
    kind: { type: 'size', min: 64_000_000, max: 1_000_000_000_000 },
    default: '1GB',
    env: 'TICKLAKE_QUERY_MEMORY',
    doc: 'The most memory the query engine may take',
    commands: ['sql', 'candles', 'export', 'gaps', 'verify', 'up', 'serve'],
  },
  'query.cache': {
    kind: { type: 'size', min: 64_000_000, max: 1e15 },
    default: '10GB',
    env: 'TICKLAKE_QUERY_CACHE',
    doc: 'The most of a lake on S3 that is kept in DATA/cache, for the query engine where it cannot read S3 itself, and for verify',
    commands: ['sql', 'candles', 'export', 'gaps', 'verify', 'up', 'serve', 'replay'],
  },
  'query.httpfs': {
    kind: text('FILE|off'),
    default: null,
    fallback: 'where DuckDB keeps extensions',
    env: 'TICKLAKE_QUERY_HTTPFS',
    doc: "DuckDB's extension httpfs, by which the query engine reads S3 itself; off, or where it does not load: through the cache",
    commands: ['sql', 'candles', 'export', 'gaps', 'up', 'serve', 'replay'],
  },
  'query.timeout': {
    kind: { type: 'duration', minMs: 0, maxMs: DAY_MS },
    default: '0s',
    env: 'TICKLAKE_QUERY_TIMEOUT',
    doc: 'A query is stopped after this long; 0s: never',
    commands: ['sql', 'candles', 'export', 'gaps'],
  },
  'simulator.rate': {
    kind: { type: 'integer', min: 1, max: 200_000 },
    default: '57',
    env: 'TICKLAKE_SIMULATOR_RATE',
    doc: 'Simulated trades a second, on average',
    commands: ['up', 'record', 'replay'],
  },
  'simulator.seed': {
    kind: { type: 'integer', min: 0, max: 4_294_967_295 },
    default: null,
    fallback: 'a fresh one, logged',
    env: 'TICKLAKE_SIMULATOR_SEED',
    doc: 'The seed that replays a simulated market',
    commands: ['up', 'record', 'replay'],
  },
  'log.level': {
    kind: { type: 'choice', values: ['debug', 'info', 'warn', 'error'] },
    default: 'info',
    env: 'TICKLAKE_LOG_LEVEL',
    doc: 'The least level that is logged',
    commands: [...PARTS, 'replay'],
  },
} as const satisfies Readonly<Record<string, Setting>>

export type SettingName = keyof typeof SETTINGS
export const SETTING_NAMES = Object.keys(SETTINGS) as readonly SettingName[]

type ValueOfKind<K extends Kind> = K extends { type: 'integer' | 'duration' | 'size' }
  ? number
  : K extends { type: 'list' }
    ? readonly string[]
    : K extends { type: 'secret' }
      ? Secret
      : K extends { type: 'choice'; values: readonly (infer V)[] }
        ? V
        : string

/** The settings in effect: durations in ms, sizes in bytes; null where nothing was set and there is no default. */
export type Settings = {
  readonly [N in SettingName]: (typeof SETTINGS)[N]['default'] extends null
    ? ValueOfKind<(typeof SETTINGS)[N]['kind']> | null
    : ValueOfKind<(typeof SETTINGS)[N]['kind']>
}

/** The flag of a setting: `land.tape_retention` is `--land-tape-retention`; null: it is never a flag. */
export const flagOf = (name: SettingName): string | null => {
  const { commands }: Setting = SETTINGS[name]
  return commands.length === 0 ? null : `--${name.replaceAll(/[._]/g, '-')}`
}

/** Commands that read no settings. */
const WITHOUT_SETTINGS = ['init', 'version']

/** The settings that `command` takes as flags; `config`, which shows them, takes all. */
export const settingsOf = (command: string): readonly SettingName[] =>
  SETTING_NAMES.filter((name) => {
    const { commands }: Setting = SETTINGS[name]
    if (WITHOUT_SETTINGS.includes(command) || commands.length === 0) return false
    return commands === 'all' || command === 'config' || commands.includes(command)
  })
