import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { after, before, describe, it } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { kafkaLease } from '../../src/tape/kafka-lease.ts'
import type { Lease } from '../../src/tape/tape.ts'
import { startKafka, type Kafka } from '../../stack/kafka.ts'
import { KAFKA_VERSIONS } from '../../stack/kafka/jars.ts'
import { withoutKafka } from '../../stack/kafka/needs.ts'
import { never } from '../conformance/tape-samples.ts'
import { machineMs, type Said } from './kafka-lease-holder.ts'
import { clusterAt } from '../../stack/meeting.ts'
import { AS_THEY_COME, eventually, makePlace, MS_MAX } from './kafka-world.ts'

const HOLDER = join(import.meta.dirname, 'kafka-lease-holder.ts')
/** What is promised of a take-over. */
const TAKE_OVER_MS_MAX = 15_000
/** Given back, it waits for the standby's next heartbeat, which comes every second. */
const GIVEN_BACK_MS_MAX = 4_000
/** Longer than a session, so that a broker has long given the lease to another. */
const STOPPED_MS = 10_000

/** Where the brokers are met past the proxy. */
function pastProxy({ dir }: Kafka): string {
  const settings = readFileSync(join(dir, 'broker-1', 'server.properties'), 'utf8')
  const [, address = ''] = /^advertised\.listeners=.*INTERNAL:\/\/([\d.:]+)/m.exec(settings) ?? []
  return address
}

/** A process that holds the lease or waits for it, and what it has said. */
type Holder = Disposable & {
  readonly said: readonly Said[]
  signal(name: NodeJS.Signals): void
  /** The first line of that kind. */
  until(is: Said['is'], ms?: number): Promise<Said>
}

function startHolder(bootstrap: string, topic: string): Holder {
  const flags = ['--disable-warning=ExperimentalWarning']
  const child = spawn(process.execPath, [...flags, HOLDER, bootstrap, topic], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const said: Said[] = []
  createInterface(child.stdout).on('line', (line) => said.push(JSON.parse(line) as Said))
  return {
    said,
    signal: (name) => void child.kill(name),
    until: async (wanted, ms = TAKE_OVER_MS_MAX * 2) => {
      await eventually(() => assert.ok(said.some(({ is }) => is === wanted)), { ms })
      const found = said.find(({ is }) => is === wanted)
      assert.ok(found)
      return found
    },
    [Symbol.dispose]: () => void child.kill('SIGKILL'),
  }
}

const takeFrom = (bootstrap: string, topic: string): Promise<Lease> =>
  kafkaLease({ ...clusterAt(bootstrap), topic })(never)

/** All of it is waiting, so all of it is done at once. */
const AT_ONCE = { skip: withoutKafka(), timeout: MS_MAX, concurrency: true }

describe('the lease of a topic', AT_ONCE, () => {
  for (const version of KAFKA_VERSIONS)
    describe(`of Kafka ${version}`, AT_ONCE, () => {
      let kafka: Kafka
      let direct: string
      before(async () => {
        kafka = await startKafka({ version, proxied: true, properties: AS_THEY_COME })
        direct = pastProxy(kafka)
      })
      after(() => kafka[Symbol.asyncDispose]())

      it('goes to a standby when its holder is killed, with a greater epoch each time', async () => {
        const { topic } = await makePlace(kafka)
        using first = startHolder(direct, topic)
        const { epoch } = await first.until('held')
        using second = startHolder(direct, topic)
        await delay(2_000)
        assert.deepEqual(second.said, [])
        first.signal('SIGKILL')
        const killedAt = machineMs()
        const taken = await second.until('held')
        assert.ok(taken.at - killedAt < TAKE_OVER_MS_MAX, `${taken.at - killedAt} ms`)
        assert.ok(taken.epoch > epoch)
        second.signal('SIGKILL')
        await using third = await takeFrom(direct, topic)
        assert.ok(third.epoch > taken.epoch)
      })

      it('goes to a standby at once when it is given back', async () => {
        const { topic } = await makePlace(kafka)
        const first = await takeFrom(direct, topic)
        let granted = false
        const waiting = takeFrom(direct, topic).finally(() => (granted = true))
        await delay(2_000)
        assert.equal(granted, false)
        const began = performance.now()
        await first[Symbol.asyncDispose]()
        await using second = await waiting
        const ms = performance.now() - began
        assert.ok(ms < GIVEN_BACK_MS_MAX, `${ms} ms`)
        assert.ok(second.epoch > first.epoch)
      })

      it('is lost by a holder that was stopped, which knows it when it wakes', async () => {
        const { topic } = await makePlace(kafka)
        using stopped = startHolder(direct, topic)
        await stopped.until('held')
        using other = startHolder(direct, topic)
        await delay(2_000)
        stopped.signal('SIGSTOP')
        await delay(STOPPED_MS)
        const taken = await other.until('held')
        stopped.signal('SIGCONT')
        const woken = await stopped.until('woken')
        assert.equal(woken.holds, false)
        assert.ok(woken.at > taken.at)
        await delay(2_000)
        assert.deepEqual(
          other.said.map(({ is }) => is),
          ['held'],
        )
      })

      it('stays with its holder while standbys come, leave and are killed', async () => {
        const { topic } = await makePlace(kafka)
        await using held = await takeFrom(direct, topic)
        let lost = false
        const looking = setInterval(() => (lost ||= !held.holds()), 10).unref()
        const giveUp = new AbortController()
        const leaving = kafkaLease({ ...clusterAt(direct), topic })(giveUp.signal)
        using killed = startHolder(direct, topic)
        await delay(3_000)
        giveUp.abort()
        await assert.rejects(leaving)
        killed.signal('SIGKILL')
        await delay(STOPPED_MS)
        clearInterval(looking)
        assert.equal(lost, false)
        assert.deepEqual(killed.said, [])
      })

      if (version === '4')
        // from here on all is decided by clocks and connections of ours
        it('is lost by a holder that is cut off before another has it', async () => {
          const { topic } = await makePlace(kafka)
          using cutOff = startHolder(kafka.bootstrap, topic)
          await cutOff.until('held')
          using other = startHolder(direct, topic)
          await delay(2_000)
          const { proxy } = kafka.broker(1)
          proxy.freeze(true)
          const lost = await cutOff.until('lost')
          const taken = await other.until('held')
          await delay(1_000)
          proxy.freeze(false)
          assert.ok(lost.at < taken.at, `lost at ${lost.at}, taken at ${taken.at}`)
        })
    })

  it('stays with its holder while no broker is there, and after', async () => {
    await using kafka = await startKafka({ version: '4', properties: AS_THEY_COME })
    const { topic } = await makePlace(kafka)
    await using held = await takeFrom(kafka.bootstrap, topic)
    let lost = false
    const looking = setInterval(() => (lost ||= !held.holds()), 10).unref()
    await kafka.broker(1).kill()
    await delay(20_000)
    await kafka.broker(1).start()
    using standby = startHolder(kafka.bootstrap, topic)
    await delay(STOPPED_MS)
    clearInterval(looking)
    assert.equal(lost, false)
    assert.deepEqual(standby.said, [])
  })
})
