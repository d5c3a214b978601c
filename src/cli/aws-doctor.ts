import { EXIT } from './exit.ts'
import type { Invocation } from './command.ts'
import { show } from './doctor.ts'

/** Looks at what the lake needs of AWS. Resolves to 1 where anything fails. */
export async function doctor(invocation: Invocation): Promise<number> {
  const { partsOf } = await import('../config/components.ts')
  const { openCloud } = await import('../config/cloud.ts')
  const { examine } = await import('../aws/doctor.ts')
  using cloud = await openCloud(partsOf(await invocation.settings()))
  let failed = false
  for await (const { name, ...outcome } of examine(cloud.doctor(invocation.signal))) {
    failed ||= outcome.word === 'fail'
    await show(invocation, name, outcome)
  }
  return failed ? EXIT.failed : EXIT.ok
}
