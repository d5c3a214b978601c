import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { openCli } from './cli.ts'

test('no secret of Kafka is shown, neither as a setting nor inside an error', async () => {
  await using cli = await openCli()
  const secrets = {
    TICKLAKE_KAFKA_PASSWORD: 'very-secret-1',
    TICKLAKE_KAFKA_TOKEN: 'very-secret-2',
  }
  const settings = await cli.start(['config', 'show', '--json'], secrets).ended
  assert.equal(settings.code, 0, settings.err)
  assert.doesNotMatch(settings.out + settings.err, /very-secret/)
  for (const word of ['very-secret-1', 'very-secret-2']) {
    const folder = join(cli.dir, word, 'data')
    const asked = await cli.start(['sql', 'FROM trades', '--lake', `glue:${folder}`], secrets).ended
    assert.match(asked.err, /glue:.*\*\*\*/)
    assert.doesNotMatch(asked.err, /very-secret/)
  }
})

test('a password inside the address of the tape ends with 78, unrepeated', async () => {
  await using cli = await openCli()
  for (const command of ['record', 'land', 'serve', 'up']) {
    const tape = 'kafka://user:very-secret@127.0.0.1:1/t'
    const { code, out, err } = await cli.run(command, '--tape', tape)
    assert.doesNotMatch(out + err, /very-secret/, command)
    assert.equal(code, 78, `${command}: ${err}`)
    assert.match(err, /TICKLAKE_KAFKA_PASSWORD/)
  }
})
