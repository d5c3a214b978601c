import type { JudgedTopic, TapeDescription } from '../config/topics.ts'
import { alignColumns, plain, type Terminal } from './terminal.ts'
import { isoOf, showTime } from '../market/times.ts'
import { showBytes, showCount } from './times.ts'
import { spanText } from './topic-made.ts'
import { mendText, unfitJson } from './topic-mend.ts'

type Group = TapeDescription['landing'][number]
type Partition = JudgedTopic['partitions'][number]
type Screen = { readonly terminal: Terminal; readonly zone: string }

const RIGHT = true
const LEFT = false

/** What `topic describe` found, for a person. */
export function descriptionText(tape: TapeDescription, screen: Screen): string {
  const { terminal } = screen
  const title = (text: string) => terminal.paint('bold', plain(text))
  const topics = tape.topics.map((topic) => topicText(topic, title(topic.name), terminal))
  const gone = tape.missing.map(
    (name) => `${title(name)} is not there: \`ticklake topic create\` makes it\n`,
  )
  const recorder = `${title('Recorder')}\n  ${recorderText(tape, screen)}\n`
  const landers = `${title('Landers')}\n${landersText(tape)}`
  return [...topics, ...gone, recorder, landers].join('\n')
}

function topicText(topic: JudgedTopic, name: string, terminal: Terminal): string {
  const rows = topic.partitions.map((one) => [
    `  ${one.partition}`,
    one.leader === null ? 'none' : String(one.leader),
    one.replicas.join(' '),
    one.inSync.join(' '),
    known(one.earliest),
    known(one.end),
    known(recordsOf(one)),
    one.bytes === null ? '–' : showBytes(one.bytes),
    troubleText(one),
  ])
  const head = [
    '  PARTITION',
    'LEADER',
    'REPLICAS',
    'IN SYNC',
    'EARLIEST',
    'END',
    'RECORDS',
    'SIZE',
  ]
  const right = [RIGHT, RIGHT, LEFT, LEFT, RIGHT, RIGHT, RIGHT, RIGHT]
  const ill = topic.unfit.length === 0 ? '' : `\n${mendText(topic, terminal)}`
  return `${name}  ${topic.id}
  ${topic.promise}
  ${settingsText(topic)}
${alignColumns([head, ...rows], right)}${ill}`
}

const known = (count: number | null): string => (count === null ? '–' : showCount(count))

const recordsOf = ({ earliest, end }: Partition): number | null =>
  earliest === null || end === null ? null : end - earliest

function troubleText({ leader, replicas, inSync }: Partition): string {
  if (leader === null) return 'no leader: it can be neither written nor read'
  return inSync.length < replicas.length ? `${inSync.length} of ${replicas.length} in sync` : ''
}

function settingsText({ settings }: JudgedTopic): string {
  if (settings === null) return 'settings: this user may not ask for them (DESCRIBE_CONFIGS)'
  const of = (name: string) => settings.get(name) ?? '?'
  const bytes = Number(of('max.message.bytes'))
  return plain(
    `keeps ${spanText(Number(of('retention.ms')))}, batches up to ${showBytes(bytes)}; ` +
      `cleanup ${of('cleanup.policy')}, compression ${of('compression.type')}, ${of('message.timestamp.type')}`,
  )
}

function recorderText({ recorder, mayJoin }: TapeDescription, { zone }: Screen): string {
  if (recorder === null)
    return mayJoin?.record === false
      ? 'this user may not ask who holds the lease'
      : 'nobody holds the lease'
  const { host, epoch } = recorder
  const since = epoch === null ? '' : ` since ${showTime(epoch * 1000, zone).slice(0, 19)} ${zone}`
  return plain(`${host} holds the lease${since}`)
}

/** Kafka's words for a group, in ours. */
const STATES: Readonly<Record<string, string>> = {
  Stable: 'landing',
  Empty: 'nobody lands now',
  PreparingRebalance: 'sharing out anew',
  CompletingRebalance: 'sharing out anew',
}

function landersText({ landing, topics }: TapeDescription): string {
  if (landing.length === 0) return '  no group that this user may see has landed this tape\n'
  return landing
    .map((group) => {
      const behind = behindOf(group, topics)
      const all = [...behind.values()].reduce((sum, one) => sum + one, 0)
      const state = STATES[group.state] ?? group.state
      const head = `  ${group.topic} ← ${group.id}: ${state}, ${showCount(all)} behind\n`
      const rows = group.members.map(({ id, instance, host, partitions }) => [
        `    ${host}`,
        instance ?? id,
        partitions.length === 0 ? 'stands by' : partitions.join(' '),
        showCount(partitions.reduce((sum, one) => sum + (behind.get(one) ?? 0), 0)),
      ])
      const titles = ['    HOST', 'MEMBER', 'PARTITIONS', 'BEHIND']
      const table =
        rows.length === 0 ? '' : alignColumns([titles, ...rows], [LEFT, LEFT, LEFT, RIGHT])
      return plainLines(head + table)
    })
    .join('')
}

const plainLines = (text: string): string => text.split('\n').map(plain).join('\n')

/** Records of each partition that the group has not landed, as far as it said. */
function behindOf(group: Group, topics: readonly JudgedTopic[]): ReadonlyMap<number, number> {
  const partitions = topics.find(({ name }) => name === group.topic)?.partitions ?? []
  return new Map(
    partitions.map((one) => {
      const landed = group.committed.get(one.partition)?.offset ?? one.earliest ?? 0
      return [one.partition, Math.max(0, (one.end ?? landed) - Math.max(landed, one.earliest ?? 0))]
    }),
  )
}

/** …and for programs: one JSON object. */
export function descriptionJson(tape: TapeDescription): string {
  const { brokers, topics, missing, landing, recorder } = tape
  const told = {
    brokers: brokers.map(({ id, address, trouble }) => ({
      id,
      address,
      reached: trouble === null,
    })),
    topics: topics.map((topic) => ({
      name: topic.name,
      id: topic.id,
      promise: topic.promise,
      partitions: topic.partitions.map((one) => ({
        partition: one.partition,
        leader: one.leader,
        replicas: one.replicas,
        in_sync: one.inSync,
        earliest: one.earliest,
        end: one.end,
        records: recordsOf(one),
        bytes: one.bytes,
      })),
      settings: topic.settings === null ? null : Object.fromEntries(topic.settings),
      unfit: topic.unfit.map(unfitJson),
      command: topic.command,
    })),
    missing,
    recorder: recorder && {
      host: recorder.host,
      since: recorder.epoch === null ? null : isoOf(recorder.epoch * 1000),
    },
    groups: landing.map((group) => ({
      group: group.id,
      topic: group.topic,
      state: group.state,
      members: group.members.map(({ id, instance, host, partitions }) => ({
        member: id,
        instance,
        host,
        partitions,
      })),
      lag_records: Object.fromEntries(behindOf(group, topics)),
    })),
  }
  return `${JSON.stringify(told)}\n`
}
