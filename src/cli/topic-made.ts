import type { TopicOutcome, TopicSetting } from '../config/topics.ts'
import { showSize } from '../config/units.ts'
import { showDuration } from '../flow/durations.ts'
import { alignColumns, plain, type Terminal } from './terminal.ts'
import { mendText, unfitJson } from './topic-mend.ts'

/** What `topic create` made or found, as one JSON object. */
export const outcomesJson = (outcomes: readonly TopicOutcome[], dryRun: boolean): string => {
  const topics = outcomes.map((one) =>
    'made' in one
      ? {
          name: one.name,
          outcome: dryRun ? 'would be made' : 'made',
          settings: one.made,
          unfit: [],
        }
      : {
          name: one.name,
          outcome: 'was there',
          settings: [],
          unfit: one.unfit.map(unfitJson),
          command: one.command,
        },
  )
  return `${JSON.stringify({ topics })}\n`
}

type How = { readonly dryRun: boolean; readonly terminal: Terminal }

/** …and for a person: of the second topic only what is not as with the first. */
export function outcomesText(outcomes: readonly TopicOutcome[], how: How): string {
  const { terminal, dryRun } = how
  const told: TopicSetting[] = []
  const sections = outcomes.map((one) => {
    const name = terminal.paint('bold', plain(one.name))
    if (!('made' in one)) return foundText(one, name, how)
    const news = one.made.filter(
      ({ name, value }) => !told.some((before) => before.name === name && before.value === value),
    )
    const rest = news.length < one.made.length ? ', the rest as above' : ''
    told.push(...news)
    const head = `${dryRun ? 'would make' : 'made'} ${name}${rest}\n`
    return head + alignColumns(news.map((row) => [`  ${row.name}`, row.value, whyText(row)]))
  })
  return sections.join('\n')
}

function foundText(
  found: Extract<TopicOutcome, { readonly unfit: unknown }>,
  name: string,
  { terminal }: How,
): string {
  const count = `${found.partitions} partition${found.partitions === 1 ? '' : 's'}`
  const head = `${name} was there, with ${count}; nothing was changed`
  if (found.unfit.length === 0) return `${head}. It fits.\n`
  return `${head}. What does not fit:\n${mendText(found, terminal)}`
}

/** The reason, after the value as people say it where Kafka's is a long number. */
function whyText({ name, value, why }: TopicSetting): string {
  if (name.endsWith('.ms')) return `${spanText(Number(value))}; ${why}`
  if (name.endsWith('.bytes')) return `${showSize(Number(value))}; ${why}`
  return why
}

/** A retention: `7d`; below 0 there is none. */
export const spanText = (ms: number): string => (ms < 0 ? 'for ever' : showDuration(ms))
