import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { cpus, loadavg, totalmem } from 'node:os'
import { fileURLToPath } from 'node:url'
import { parseArgs, promisify } from 'node:util'
import type { Bench, BenchRow } from './bench.ts'

const USAGE = `npm run bench -- [decode] [record] [land] [query] [kafka-record] [kafka-read] [kafka-land]
                 [--trades N] [--write]

Runs the named benchmarks (default: all), each in a process of its own, with N trades (default 1000000),
and prints one table. --write also writes bench/results-N.json. Those of Kafka need Java and Maven, and compare
with librdkafka where READERS_PYTHON names a Python that has confluent-kafka.`

/** Each is bench/<name>.ts, which exports the function. */
const BENCHES = {
  decode: 'benchDecode',
  record: 'benchRecord',
  land: 'benchLand',
  query: 'benchQuery',
  'kafka-record': 'benchKafkaRecord',
  'kafka-read': 'benchKafkaRead',
  'kafka-land': 'benchKafkaLand',
} as const
type BenchName = keyof typeof BENCHES
const NAMES = Object.keys(BENCHES) as BenchName[]

const TRADES_DEFAULT = 1_000_000
const STDOUT_BYTES_MAX = 16 * 1024 * 1024
const run = promisify(execFile)
const main = fileURLToPath(import.meta.url)
const moduleOf = (name: BenchName) => new URL(`${name}.ts`, import.meta.url)

/** In the child: runs one benchmark and prints its rows as the last line. */
async function runOne(name: BenchName, trades: number): Promise<void> {
  const module = (await import(moduleOf(name).href)) as Readonly<Record<string, Bench | undefined>>
  const bench = module[BENCHES[name]]
  if (bench === undefined) throw new Error(`bench/${name}.ts does not export ${BENCHES[name]}`)
  process.stdout.write(`\n${JSON.stringify(await bench({ trades }))}\n`, () => process.exit(0))
}

/** In the parent: the rows of one benchmark, from a process of its own so that its memory is its own. */
async function rowsOf(name: BenchName, trades: number): Promise<BenchRow[]> {
  const args = [...process.execArgv, main, '--one', name, '--trades', String(trades)]
  const { stdout, stderr } = await run(process.execPath, args, { maxBuffer: STDOUT_BYTES_MAX })
  process.stderr.write(stderr) // what it skipped, and why
  return JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '[]') as BenchRow[]
}

const HEAD = ['benchmark', 'rows', 'seconds', 'rows/s', 'CPU s per 1 M', 'peak RSS MB', 'note']
const cells = (row: BenchRow): string[] => [
  row.name,
  row.rows.toLocaleString('en'),
  row.seconds.toFixed(2),
  Math.round(row.rowsPerSecond).toLocaleString('en'),
  ((row.cpuSeconds / row.rows) * 1e6).toFixed(2),
  row.rssMb?.toFixed(0) ?? '–',
  row.note ?? '',
]

function table(rows: readonly BenchRow[]): string {
  const lines = [HEAD, ...rows.map(cells)]
  const widths = HEAD.map((_, column) =>
    Math.max(...lines.map((line) => (line[column] ?? '').length)),
  )
  const isText = (column: number) => column === 0 || column === HEAD.length - 1
  const print = (line: readonly string[]) =>
    line
      .map((cell, i) => (isText(i) ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0)))
      .join('  ')
      .trimEnd()
  return lines.map(print).join('\n')
}

const machine = () => ({
  date: new Date().toISOString(),
  load: loadavg()[0],
  node: process.version,
  cpu: cpus()[0]?.model ?? 'unknown',
  cores: cpus().length,
  memoryGb: Math.round(totalmem() / 2 ** 30),
})

/** The rows of all; a benchmark that fails is told and leaves exit code 1, the others still run. */
async function runAll(names: readonly BenchName[], trades: number): Promise<BenchRow[]> {
  const rows: BenchRow[] = []
  for (const name of names) {
    if (!existsSync(moduleOf(name))) {
      console.error(`bench/${name}.ts is absent: skipped`)
      continue
    }
    try {
      rows.push(...(await rowsOf(name, trades)))
    } catch (error) {
      console.error(`${name} failed: ${error instanceof Error ? error.message : String(error)}`)
      process.exitCode = 1
    }
  }
  return rows
}

const isName = (name: string): name is BenchName => NAMES.some((known) => known === name)

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    trades: { type: 'string', default: String(TRADES_DEFAULT) },
    write: { type: 'boolean', default: false },
    one: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
})
const trades = Number(values.trades)
const wanted = values.one === undefined ? positionals : [values.one]
const unknown = wanted.filter((name) => !isName(name))
if (values.help) console.log(USAGE)
else if (unknown.length > 0 || !Number.isSafeInteger(trades) || trades < 1) {
  console.error(unknown.length > 0 ? `no benchmark ${unknown.join(', ')}` : '--trades is no count')
  console.error(USAGE)
  process.exitCode = 2
} else if (values.one !== undefined && isName(values.one)) await runOne(values.one, trades)
else {
  const names = positionals.length === 0 ? NAMES : positionals.filter(isName)
  const on = machine()
  const rows = await runAll(names, trades)
  console.log(
    `${on.cpu}, ${on.cores} cores, ${on.memoryGb} GB, Node ${on.node}, ${on.date}, load before ${on.load}\n`,
  )
  console.log(table(rows))
  if (values.write && process.exitCode !== 1) {
    const results = new URL(`results-${trades}.json`, import.meta.url)
    await writeFile(results, `${JSON.stringify({ machine: on, trades, rows }, null, 2)}\n`)
  }
}
