import type { Judgement, Unfit } from '../config/topics.ts'
import { plain, type Terminal } from './terminal.ts'

export const unfitJson = ({ setting, value, costs, change, mend, grave }: Unfit) => ({
  setting,
  value,
  costs,
  change,
  mend,
  grave,
})

/** Settings that cost something, each with what; and the one command that changes those that can be. */
export function mendText({ unfit, command }: Judgement, { paint }: Terminal): string {
  const lines = unfit.map(({ setting, value, costs, change, mend, grave }) => {
    const what = paint(grave ? 'red' : 'yellow', `${setting} is ${plain(value)}`)
    const advice = change === null ? `    ${plain(mend)}\n` : ''
    return `  ${what}\n    ${costs}\n${advice}`
  })
  const mends = command === null ? '' : `  This command changes the settings:\n${plain(command)}\n`
  return lines.join('') + mends
}
