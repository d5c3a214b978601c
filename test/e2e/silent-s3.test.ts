import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'
import { after, test } from 'node:test'
import { openCli } from './cli.ts'

/** Takes connections and answers nothing. */
const server = createServer((socket) => {
  asked.resolve()
  socket.on('error', () => undefined).resume()
})
let asked = Promise.withResolvers<void>()
server.listen(0, '127.0.0.1')
await once(server, 'listening')
const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`

const cli = await openCli({
  AWS_ACCESS_KEY_ID: 'AKIATEST',
  AWS_SECRET_ACCESS_KEY: 'hidden-word',
  AWS_REGION: 'us-east-1',
  TICKLAKE_FEED: 'simulator',
  TICKLAKE_LAKE: 's3://bucket/x',
  TICKLAKE_S3_ENDPOINT: endpoint,
  TICKLAKE_GLUE_ENDPOINT: endpoint,
  TICKLAKE_ATHENA_ENDPOINT: endpoint,
})
after(async () => {
  await cli[Symbol.asyncDispose]()
  server.close()
})

const WITHIN_MS = 8_000 // a second, on a busy machine; without an end to it 20 s

for (const args of [['ls'], ['doctor'], ['aws', 'doctor'], ['aws', 'setup', '--dry-run']])
  test(`the first Ctrl-C ends ${args.join(' ')} where nobody answers`, async () => {
    asked = Promise.withResolvers()
    const running = cli.start(args)
    await asked.promise
    const began = performance.now()
    running.child.kill('SIGINT')
    const { code } = await running.ended
    assert.equal(code, 130)
    assert.ok(performance.now() - began < WITHIN_MS)
  })
