import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { after, before, describe, it } from 'node:test'
import { inspect } from 'node:util'
import { setTimeout as delay } from 'node:timers/promises'
import {
  AclOperations,
  AclPermissionTypes,
  ResourcePatternTypes,
  ResourceTypes,
  type AclOperationValue,
  type ResourceTypeValue,
} from '@platformatic/kafka'
import { Secret } from '../../src/config/secret.ts'
import { isFault, type Fault } from '../../src/flow/fault.ts'
import { openCluster } from '../../src/tape/kafka/cluster.ts'
import type { Security } from '../../src/tape/kafka/security.ts'
import { kafkaLease } from '../../src/tape/kafka-lease.ts'
import { openKafkaTape } from '../../src/tape/kafka-tape.ts'
import { startKafka, type Kafka } from '../../stack/kafka.ts'
import { withoutKafka } from '../../stack/kafka/needs.ts'
import { unsignedToken } from '../../stack/kafka/security.ts'
import { alive, all, never, numbered, SOURCE, take, textsOf } from '../conformance/tape-samples.ts'
import { fault } from '../conformance/tape-world.ts'
import { openCli } from '../e2e/cli.ts'
import { clusterAt } from '../../stack/meeting.ts'
import { administer, makePlace, MS_MAX, type Place } from './kafka-world.ts'

/** Settings that will never fit are told within this, also on a busy machine. */
const TOLD_MS_MAX = 5_000
/** So long does a login count: it is renewed several times while a test runs. */
const LOGIN_MS = 2_000
const PROPERTIES = {
  'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer',
  'super.users': 'User:ANONYMOUS;User:alice;User:CN=ticklake',
  'connections.max.reauth.ms': String(LOGIN_MS),
}

const RENEWED_RECORDS = 200

const NO_FILES = { ca: null, cert: null, key: null }
type Way = { readonly address: string; readonly security: Security }

describe(
  'brokers that ask who is there (Kafka 4)',
  { skip: withoutKafka(), timeout: MS_MAX },
  () => {
    let kafka: Kafka
    before(async () => {
      kafka = await startKafka({ version: '4', security: true, properties: PROPERTIES })
    })
    after(() => kafka[Symbol.asyncDispose]())

    const tls = () => ({ ...NO_FILES, ca: readFileSync(kafka.listeners.caFile, 'utf8') })
    const login = (mechanism: 'plain' | 'scram-sha-256' | 'scram-sha-512', password?: string) => {
      const { user, password: right } = kafka.listeners
      return { mechanism, user, password: new Secret(password ?? right) }
    }
    const bearer = (subject: string, lifeSeconds = 600) =>
      ({
        mechanism: 'oauthbearer',
        token: async () => new Secret(unsignedToken(subject, lifeSeconds)),
      }) as const
    const at = (place: Place, { address, security }: Way) => ({
      ...clusterAt(address, { security }),
      topic: place.topic,
    })
    const write = (place: Place, way: Way) =>
      openKafkaTape({ ...at(place, way), mode: 'write', source: SOURCE })

    const ways: Readonly<Record<string, () => Way>> = {
      TLS: () => ({ address: kafka.listeners.ssl, security: { tls: tls(), sasl: null } }),
      'a client certificate': () => {
        const { mtls, clientCertFile, clientKeyFile } = kafka.listeners
        const cert = readFileSync(clientCertFile, 'utf8')
        const key = readFileSync(clientKeyFile, 'utf8')
        return { address: mtls, security: { tls: { ...tls(), cert, key }, sasl: null } }
      },
      'PLAIN over TLS': () => ({
        address: kafka.listeners.plain,
        security: { tls: tls(), sasl: login('plain') },
      }),
      'SCRAM-SHA-256': () => ({
        address: kafka.listeners.scram,
        security: { tls: null, sasl: login('scram-sha-256') },
      }),
      'SCRAM-SHA-512': () => ({
        address: kafka.listeners.scram,
        security: { tls: null, sasl: login('scram-sha-512') },
      }),
      OAUTHBEARER: () => ({
        address: kafka.listeners.oauth,
        security: { tls: null, sasl: bearer('alice') },
      }),
    }
    it('have logins renewed beneath an append and a read under way, and leave nothing behind', async () => {
      const pending = (kind: string) =>
        process.getActiveResourcesInfo().filter((one) => one === kind).length
      const renewing = async (name: string) => {
        const place = await makePlace(kafka)
        const way = ways[name]?.()
        assert.ok(way)
        await using tape = await write(place, way)
        const reading = take(tape.trades.read(new Map(), 'follow', never), RENEWED_RECORDS)
        let early = 0
        for (let i = 0; i < RENEWED_RECORDS; i++) {
          await tape.append([numbered(i, i + 1)])
          await delay((3 * LOGIN_MS) / RENEWED_RECORDS)
          if (i === RENEWED_RECORDS / 10) early = pending('TCPSocketWrap')
        }
        assert.equal(new Set(textsOf(await reading)).size, RENEWED_RECORDS)
        const late = pending('TCPSocketWrap')
        assert.ok(late <= early, `${late} connections, ${early} before`)
      }
      const timers = pending('Timeout')
      await Promise.all([renewing('PLAIN over TLS'), renewing('OAUTHBEARER')])
      // A renewal that was planned on a closed connection would hold up the end of each command.
      assert.ok(pending('Timeout') <= timers, `${pending('Timeout')} timers, ${timers} before`)
    })

    type Misfit = Way & { readonly says: RegExp; readonly remedy: RegExp }
    const misfits: Readonly<Record<string, () => Misfit>> = {
      'a wrong password': () => ({
        address: kafka.listeners.plain,
        security: { tls: tls(), sasl: login('plain', 'hunter2') },
        says: /refused the user or the password/,
        remedy: /user.*TICKLAKE_KAFKA_PASSWORD/,
      }),
      'a wrong password by SCRAM': () => ({
        address: kafka.listeners.scram,
        security: { tls: null, sasl: login('scram-sha-256', 'hunter2') },
        says: /refused the user or the password/,
        remedy: /user.*TICKLAKE_KAFKA_PASSWORD/,
      }),
      'a token that has expired': () => ({
        address: kafka.listeners.oauth,
        security: { tls: null, sasl: bearer('alice', -60) },
        says: /refused the token/,
        remedy: /TICKLAKE_KAFKA_TOKEN/,
      }),
      'a mechanism that is not offered': () => ({
        address: kafka.listeners.scram,
        security: { tls: null, sasl: login('plain') },
        says: /does not offer that SASL mechanism.*SCRAM-SHA-256, SCRAM-SHA-512/,
        remedy: /TICKLAKE_KAFKA_SASL/,
      }),
      'a login where none is asked for': () => ({
        address: kafka.listeners.ssl,
        security: { tls: tls(), sasl: login('plain') },
        says: /asks for no login/,
        remedy: /TICKLAKE_KAFKA_SASL/,
      }),
      'no login where one is asked for': () => ({
        address: kafka.listeners.scram,
        security: { tls: null, sasl: null },
        says: /asks for a login.*SCRAM-SHA-256, SCRAM-SHA-512/,
        remedy: /TICKLAKE_KAFKA_SASL/,
      }),
      'an authority that is not known': () => ({
        address: kafka.listeners.ssl,
        security: { tls: NO_FILES, sasl: null },
        says: /certificate/,
        remedy: /TICKLAKE_KAFKA_TLS_CA/,
      }),
      'no client certificate where one is asked for': () => ({
        address: kafka.listeners.mtls,
        security: { tls: tls(), sasl: null },
        says: /certificate/,
        remedy: /TICKLAKE_KAFKA_TLS_CERT/,
      }),
      'TLS on a plaintext port': () => ({
        address: kafka.bootstrap,
        security: { tls: tls(), sasl: null },
        says: /answers without TLS/,
        remedy: /TICKLAKE_KAFKA_TLS=off/,
      }),
      'TLS on a plaintext port with a login': () => ({
        address: kafka.listeners.scram,
        security: { tls: tls(), sasl: login('scram-sha-512') },
        says: /answers without TLS/,
        remedy: /TICKLAKE_KAFKA_TLS=off/,
      }),
      'plaintext on a TLS port': () => ({
        address: kafka.listeners.ssl,
        security: { tls: null, sasl: null },
        says: /TLS/,
        remedy: /TICKLAKE_KAFKA_TLS=on/,
      }),
      'plaintext on a TLS port with a login': () => ({
        address: kafka.listeners.plain,
        security: { tls: null, sasl: login('plain') },
        says: /TLS/,
        remedy: /TICKLAKE_KAFKA_TLS=on/,
      }),
    }
    describe('side by side', { concurrency: true }, () => {
      for (const [name, wayOf] of Object.entries(ways))
        it(`let in by ${name}: append, read, turn and lease`, async () => {
          const place = await makePlace(kafka, { partitions: 2 })
          const way = wayOf()
          await using tape = await write(place, way)
          await tape.append([numbered(0, 10), alive(1)])
          assert.equal((await all(tape.trades)).length, 10)
          for await (const turn of tape.trades.turns(
            { id: randomUUID(), start: async () => new Map() },
            never,
          )) {
            assert.equal((await take(turn, 10)).length, 10)
            break
          }
          await using lease = await kafkaLease(at(place, way))(never)
          assert.equal(lease.holds(), true)
        })

      it('are waited for by one whose token ran out and is renewed late, and nothing is lost', async () => {
        const place = await makePlace(kafka)
        let lifeSeconds = 600
        const token = async () => new Secret(unsignedToken('alice', lifeSeconds))
        const security = { tls: null, sasl: { mechanism: 'oauthbearer', token } } as const
        const way = { address: kafka.listeners.oauth, security }
        await using tape = await write(place, way)
        await tape.append([numbered(0, 10)])
        lifeSeconds = -60
        await delay(2 * LOGIN_MS)
        const late = [numbered(10, 20)]
        await assert.rejects(tape.append(late), fault('unavailable', /refused the token/))
        await using cluster = await openCluster(at(place, way))
        await assert.rejects(cluster.describe(), fault('unavailable', /refused the token/))
        lifeSeconds = 600
        await tape.append(late)
        assert.equal((await all(tape.trades)).length, 20)
      })

      for (const [name, misfitOf] of Object.entries(misfits))
        it(`tell at once of ${name}`, async () => {
          const misfit = misfitOf()
          const { address, says, remedy } = misfit
          const place = { topic: `misfit_${randomUUID()}` } as Place
          const told = async (act: () => Promise<unknown>): Promise<Fault> => {
            const began = performance.now()
            const error = await act().then(
              () => null,
              (error: unknown) => error,
            )
            assert.ok(isFault(error, 'invalid'), inspect(error))
            assert.ok(performance.now() - began < TOLD_MS_MAX)
            return error
          }
          const faults = [
            await told(() => write(place, misfit)),
            await told(() => kafkaLease(at(place, misfit))(never)),
          ]
          for (const one of faults) {
            assert.ok(one.message.includes(address), one.message)
            assert.match(one.message, says)
            assert.match(one.remedy, remedy)
            assert.doesNotMatch(inspect(one, { depth: 10 }), /hunter2|alice-secret|eyJ/)
          }
        })
    })

    it('end the command line with 78 and what to do', async () => {
      await using cli = await openCli()
      const { caFile, plain, user } = kafka.listeners
      const run = (command: string) =>
        cli.start(
          [command, '--tape', `kafka://${user}@${plain}/t`, '--data', 'd', '--feed', 'simulator'],
          {
            TICKLAKE_KAFKA_TLS_CA: caFile,
            TICKLAKE_KAFKA_SASL: 'plain',
            TICKLAKE_KAFKA_PASSWORD: 'hunter2',
          },
        ).ended
      for (const { code, out, err } of [await run('record'), await run('land')]) {
        assert.equal(code, 78, err)
        assert.match(err, /refused the user or the password.*\n {2}.*TICKLAKE_KAFKA_PASSWORD/)
        assert.doesNotMatch(out + err, /hunter2/)
      }
    })

    describe('and a user without rights', () => {
      const { TOPIC, GROUP } = ResourceTypes
      const { READ, WRITE, DESCRIBE } = AclOperations
      let place: Place
      const bob = (): Way => ({
        address: kafka.listeners.oauth,
        security: { tls: null, sasl: bearer('bob') },
      })
      const allow = async (
        resourceType: ResourceTypeValue,
        resourceName: string,
        operations: readonly AclOperationValue[],
      ) => {
        await administer(kafka, (admin) =>
          admin.createAcls({
            creations: operations.map((operation) => ({
              resourceType,
              resourceName,
              resourcePatternType: ResourcePatternTypes.PREFIXED,
              principal: 'User:bob',
              host: '*',
              operation,
              permissionType: AclPermissionTypes.ALLOW,
            })),
          }),
        )
        await delay(300) // until the broker has heard of it
      }
      const needs = (right: RegExp) => (error: unknown) => {
        fault('invalid', /may not/)(error)
        assert.match((error as Fault).remedy, right)
        return true
      }
      const firstRun = async (group: string) => {
        await using tape = await openKafkaTape({ ...at(place, bob()), mode: 'read' })
        for await (const turn of tape.trades.turns(
          { id: group, start: async () => new Map() },
          never,
        ))
          return (await take(turn, 1)).length
        return 0
      }
      before(async () => void (place = await makePlace(kafka)))

      it('name the right that is missing, one after the other, until all are there', async () => {
        const { topic } = place
        const named = (right: string, kind: string, name: string) =>
          new RegExp(`\\b${right} on ${kind} ${name}`)
        await assert.rejects(write(place, bob()), needs(named('DESCRIBE', 'topic', topic)))
        await allow(TOPIC, topic, [DESCRIBE])
        await assert.rejects(write(place, bob()), needs(named('WRITE', 'topic', topic)))
        await allow(TOPIC, topic, [WRITE])
        {
          await using tape = await write(place, bob())
          await tape.append([numbered(0, 1)])
          await assert.rejects(all(tape.trades), needs(named('READ', 'topic', topic)))
        }
        await allow(TOPIC, topic, [READ])
        await assert.rejects(
          firstRun('ticklake-land-x'),
          needs(named('READ', 'group', 'ticklake-land-x')),
        )
        const lease = kafkaLease(at(place, bob()))
        await assert.rejects(lease(never), needs(named('READ', 'group', 'ticklake-record-')))
        await allow(GROUP, 'ticklake-', [READ])
        assert.equal(await firstRun('ticklake-land-x'), 1)
        await using held = await lease(never)
        assert.equal(held.holds(), true)
      })
    })
  },
)
