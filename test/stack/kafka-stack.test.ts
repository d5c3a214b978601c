import assert from 'node:assert/strict'
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { connect, createServer, type Socket } from 'node:net'
import { resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { describe, it } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { Admin, type AdminOptions } from '@platformatic/kafka'
import { isFault } from '../../src/flow/fault.ts'
import { startKafka, type Kafka } from '../../stack/kafka.ts'
import { KAFKA_VERSIONS } from '../../stack/kafka/jars.ts'
import { withoutKafka } from '../../stack/kafka/needs.ts'
import { unsignedToken } from '../../stack/kafka/security.ts'
import { isFree } from '../../stack/ports.ts'
import { cuttingProxy } from '../../stack/proxy.ts'

const MS_MAX = 240_000 // what is waited for in vain ends the test
const STACK = resolve(import.meta.dirname, '../../stack/kafka.ts')

/** Every process that works on the cluster's folder: brokers, ZooKeeper, and the warden. */
const processesOf = (dir: string): string[] =>
  execFileSync('ps', ['-A', '-o', 'pid=,args='], { encoding: 'utf8' })
    .split('\n')
    .filter((line) => line.includes(dir))

/** The ports of 127.0.0.1 that the settings of the cluster's servers name. */
function portsOf({ dir, brokers }: Kafka): number[] {
  const places = [...brokers.map(({ id }) => `broker-${id}`), 'zookeeper']
  const settings = places
    .map((place) => resolve(dir, place, 'server.properties'))
    .filter((file) => existsSync(file))
    .map((file) => readFileSync(file, 'utf8'))
    .join('')
  const ports = [...settings.matchAll(/(?:127\.0\.0\.1:|clientPort=)(\d+)/g)]
  return [...new Set(ports.map(([, port]) => Number(port)))]
}

const takenOf = async (ports: readonly number[]): Promise<number[]> => {
  const free = await Promise.all(ports.map(isFree))
  return ports.filter((_, index) => free[index] !== true)
}

describe('Kafka without Docker', { skip: withoutKafka(), timeout: MS_MAX }, () => {
  for (const version of KAFKA_VERSIONS) {
    it(`keeps what the console producer wrote through a kill, and leaves nothing behind (Kafka ${version})`, async () => {
      const lines = ['A=one', 'ÄÖ={"a=b":1}', 'C=three']
      const printed = ['NO_HEADERS\tA\tone', 'NO_HEADERS\tÄÖ\t{"a=b":1}', 'NO_HEADERS\tC\tthree']
      let dir = ''
      let ports: number[] = []
      {
        await using kafka = await startKafka({ version })
        const broker = kafka.broker(1)
        const { pid: first } = broker
        const read = async () => {
          const options = { key: true, headers: true }
          return (await kafka.console.consume('lines', lines.length, options)).map(String)
        }
        dir = kafka.dir
        ports = portsOf(kafka)
        await kafka.console.createTopic('lines')
        await kafka.console.produce('lines', lines, { keySeparator: '=' })
        assert.deepEqual(await read(), printed)
        await broker.kill()
        assert.equal(broker.pid, null)
        await broker.start()
        assert.notEqual(broker.pid, first)
        assert.equal(kafka.bootstrap, `127.0.0.1:${broker.port}`)
        assert.deepEqual(await read(), printed)
        await assert.rejects(
          kafka.console.consume('lines', lines.length + 1, { patienceMs: 500 }),
          (error) => isFault(error, 'unavailable') && /of 4 records/.test(error.message),
        )
        assert.deepEqual(new Set(await takenOf(ports)), new Set(ports))
      }
      assert.ok(ports.length >= 3, `ports ${ports.join(' ')}`)
      assert.deepEqual(await takenOf(ports), [])
      assert.deepEqual(processesOf(dir), [])
      assert.equal(existsSync(dir), false)
    })
  }

  it('lets in by TLS, password, SCRAM and token those who may, and nobody else', async () => {
    await using kafka = await startKafka({ version: '4', security: true })
    const { listeners } = kafka
    const { user: username, password } = listeners
    const ca = readFileSync(listeners.caFile)
    const cert = readFileSync(listeners.clientCertFile)
    const key = readFileSync(listeners.clientKeyFile)
    const scram = (mechanism: 'SCRAM-SHA-256' | 'SCRAM-SHA-512', password: string) => ({
      sasl: { mechanism, username, password },
    })
    const plain = (password: string) => ({
      tls: { ca },
      sasl: { mechanism: 'PLAIN', username, password } as const,
    })
    const token = (lifeSeconds: number) => ({
      sasl: { mechanism: 'OAUTHBEARER', token: unsignedToken('bob', lifeSeconds) } as const,
    })
    type Guest = readonly [address: string, options: Partial<AdminOptions>]
    const invited: readonly Guest[] = [
      [listeners.ssl, { tls: { ca } }],
      [listeners.mtls, { tls: { ca, cert, key } }],
      [listeners.plain, plain(password)],
      [listeners.scram, scram('SCRAM-SHA-256', password)],
      [listeners.scram, scram('SCRAM-SHA-512', password)],
      [listeners.oauth, token(60)],
    ]
    const strangers: readonly Guest[] = [
      [listeners.ssl, { tls: {} }],
      [listeners.mtls, { tls: { ca } }],
      [listeners.plain, plain('wrong')],
      [listeners.scram, scram('SCRAM-SHA-512', 'wrong')],
      [listeners.oauth, token(-60)],
    ]
    const topicsFor = async ([address, options]: Guest) => {
      const admin = new Admin({
        clientId: 'guest',
        bootstrapBrokers: address.split(','),
        retries: 0,
        ...options,
      })
      try {
        return await admin.listTopics()
      } finally {
        await admin.close().catch(() => undefined)
      }
    }
    for (const guest of invited) assert.deepEqual(await topicsFor(guest), [])
    for (const guest of strangers) await assert.rejects(topicsFor(guest))
  })

  it('refuses a port in use, and says what a broker printed that did not start', async () => {
    await using server = createServer()
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as { port: number }
    await assert.rejects(
      startKafka({ version: '4', port }),
      (error) => isFault(error, 'invalid') && error.message.includes(`port ${port}`),
    )
    await assert.rejects(
      startKafka({ version: '3', properties: { 'num.io.threads': '0' } }),
      (error) => isFault(error, 'unavailable') && error.message.includes('num.io.threads'),
    )
  })

  it('kills its servers when the process that started it is killed', async () => {
    const source = `
      import { startKafka } from ${JSON.stringify(STACK)}
      const { dir } = await startKafka({ version: '3' })
      console.log(dir)`
    const flags = ['--disable-warning=ExperimentalWarning', '--input-type=module']
    const child = spawn(process.execPath, [...flags, '-e', source], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const [dir] = (await once(createInterface(child.stdout), 'line')) as [string]
    assert.equal(processesOf(dir).length, 3)
    child.kill('SIGKILL')
    const deadline = performance.now() + 10_000
    while (processesOf(dir).length > 0 && performance.now() < deadline) await delay(50)
    assert.deepEqual(processesOf(dir), [])
    assert.equal(existsSync(dir), false)
  })
})

describe('the proxy', { timeout: MS_MAX }, () => {
  /** Answers with what it is sent. */
  const echo = async () => {
    const server = createServer((socket) => socket.on('error', () => undefined).pipe(socket))
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as { port: number }
    return { server, target: { host: '127.0.0.1', port } }
  }
  const dial = async (port: number): Promise<Socket> => {
    const socket = connect({ host: '127.0.0.1', port })
    socket.on('error', () => undefined)
    await once(socket, 'connect')
    return socket
  }
  const ask = async (socket: Socket, text: string): Promise<string> => {
    socket.write(text)
    const [answer] = (await once(socket, 'data')) as [Buffer]
    return answer.toString()
  }

  it('forwards, cuts, freezes and refuses', async () => {
    const { server, target } = await echo()
    await using _server = server
    await using proxy = await cuttingProxy({ target, cutEveryMs: null })
    const first = await dial(proxy.port)
    assert.equal(await ask(first, 'a'), 'a')
    assert.equal(proxy.connections, 1)
    proxy.cut()
    await once(first, 'close')
    assert.equal(proxy.connections, 0)

    const second = await dial(proxy.port)
    assert.equal(await ask(second, 'b'), 'b')
    proxy.freeze(true)
    const third = await dial(proxy.port)
    const answers = Promise.all([ask(second, 'c'), ask(third, 'd')])
    assert.equal(await Promise.race([answers, delay(200, 'silence')]), 'silence')
    proxy.freeze(false)
    assert.deepEqual(await answers, ['c', 'd'])

    proxy.refuse(true)
    await once(await dial(proxy.port), 'close')
    assert.equal(await ask(second, 'e'), 'e')
    proxy.refuse(false)
    assert.equal(await ask(await dial(proxy.port), 'f'), 'f')
  })

  it('cuts as often as it is told', async () => {
    const { server, target } = await echo()
    await using _server = server
    await using proxy = await cuttingProxy({ target, cutEveryMs: 20 })
    for (let round = 0; round < 3; round++) await once(await dial(proxy.port), 'close')
  })
})
