import { EXIT, signalExit } from './exit.ts'
import type { Invocation } from './command.ts'
import { show } from './doctor.ts'

/** Looks at what the lake needs of AWS. Resolves to 1 where anything fails. */
export async function doctor(invocation: Invocation): Promise<number> {
  const { partsOf } = await import('../config/components.ts')
  const { openCloud } = await import('../config/cloud.ts')
  const { examine } = await import('../aws/doctor.ts')
  using cloud = await openCloud(partsOf(await invocation.settings()))
  const { signal } = invocation
  let failed = false
  for await (const { name, ...outcome } of examine(cloud.doctor(signal))) {
    if (signal.aborted) break
    failed ||= outcome.word === 'fail'
    await show(invocation, name, outcome)
  }
  if (signal.aborted) return signalExit(signal.reason)
  return failed ? EXIT.failed : EXIT.ok
}
