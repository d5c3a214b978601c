import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Fault } from '../flow/fault.ts'
import { choice, findCommand, parseArguments, wholeNumber } from './args.ts'
import type { CommandText } from './command.ts'

const sql: CommandText = {
  name: 'sql',
  takes: '[QUERY]',
  summary: '',
  examples: [],
  flags: [
    { name: 'format', metavar: 'FORMAT', doc: '' },
    { name: 'lines', short: 'n', metavar: 'N', doc: '' },
    { name: 'from', metavar: 'TIME', doc: '' },
    { name: 'all', short: 'a', doc: '' },
  ],
  positionalsMax: 1,
}
const refused = (act: () => unknown, message: RegExp) =>
  assert.throws(
    act,
    (error) => error instanceof Fault && error.kind === 'invalid' && message.test(error.message),
  )

describe('arguments', () => {
  test('global flags and settings may stand before the command', () => {
    assert.equal(findCommand(['--json', '--tz', 'UTC', '--data=x', 'sql', '--all']), 4)
    assert.equal(findCommand(['--json']), null)
    assert.equal(findCommand([]), null)
  })

  test('a value may be joined, apart, or behind a letter', () => {
    const { flags } = parseArguments(['--format=csv', '-n5', '--from', '-2h', '-a'], sql)
    assert.deepEqual(
      [...flags],
      [
        ['format', 'csv'],
        ['lines', '5'],
        ['from', '-2h'],
        ['all', ''],
      ],
    )
  })

  test('settings are told apart from the command’s own flags', () => {
    const { settings, globals } = parseArguments(['--source', 'x', '--json', '--no-color'], sql)
    assert.deepEqual([...settings], [['source', 'x']])
    assert.deepEqual([...globals.keys()], ['json', 'color'])
  })

  test('after -- nothing is a flag, and - alone is an argument', () => {
    assert.deepEqual(parseArguments(['--', '--SELECT 1'], sql).positionals, ['--SELECT 1'])
    assert.deepEqual(parseArguments(['-'], sql).positionals, ['-'])
  })

  test('what is unknown, valueless or too much is refused', () => {
    refused(() => parseArguments(['--fromat', 'csv'], sql), /did you mean --format\?/)
    refused(() => parseArguments(['--format'], sql), /--format needs a value/)
    refused(() => parseArguments(['--format', '--all'], sql), /--format needs a value/)
    refused(() => parseArguments(['--all=yes'], sql), /takes no value/)
    refused(() => parseArguments(['a', 'b'], sql), /one too many: b/)
    refused(() => parseArguments(['--simulator-rate', '5'], sql), /unknown flag/)
    refused(() => parseArguments(['--finnhub-token', 'k'], sql), /unknown flag/)
  })

  test('numbers and choices are checked', () => {
    const { flags } = parseArguments(['-n', '5x', '--format', 'cvs'], sql)
    refused(() => wholeNumber(flags, 'lines'), /takes a whole number, not 5x/)
    refused(() => choice(flags, 'format', ['csv', 'json']), /did you mean csv\?/)
    assert.equal(wholeNumber(flags, 'absent'), null)
  })
})
