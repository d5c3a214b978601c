import { ENGINE, sizeText } from './account.ts'
import type { Planned, SetupOptions } from './setup.ts'

/**
 * Makes the workgroup, or sets it to what the settings say. Refuses one whose answers go elsewhere: another lake
 * may count on that, and on its rule that removes them.
 */
export async function workgroupPlan(options: SetupOptions): Promise<Planned> {
  const { account, workgroup } = options
  const found = await account.workgroup(workgroup.name)
  const spec = { ...workgroup, bucketOwner: await ownerOf(options) }
  const { output, scanBytesMax } = spec
  const limit = `at most ${sizeText(scanBytesMax)} a query, answers to ${output}`
  if (found === null)
    return { word: 'to make', says: limit, act: () => account.makeWorkgroup(spec) }
  if (found.output !== null && found.output !== output && !options.mayMoveOutput)
    return {
      word: 'refused',
      says: `it writes its answers to ${found.output}, those of another lake maybe, not to ${output}`,
      remedy: `Name another by TICKLAKE_ATHENA_WORKGROUP=NAME; or, to move them, say --yes with TICKLAKE_ATHENA_OUTPUT=${output}.`,
    }
  const differs = [
    ...(found.output === output ? [] : [`answers to ${output}, not ${found.output ?? 'nowhere'}`]),
    ...(found.scanBytesMax === scanBytesMax
      ? []
      : [
          `at most ${sizeText(scanBytesMax)} a query, not ${found.scanBytesMax === null ? 'any' : sizeText(found.scanBytesMax)}`,
        ]),
    ...(found.enforced ? [] : ['its settings enforced']),
    ...(found.engine === ENGINE ? [] : [`${ENGINE}, not ${found.engine}`]),
    ...(found.enabled ? [] : ['enabled']),
  ]
  if (differs.length === 0) return { word: 'there', says: limit }
  return {
    word: 'to change',
    says: differs.join('; '),
    act: () => account.changeWorkgroup(spec),
  }
}

/** The bucket's account where it is that of the catalog: then Athena writes answers into no other's. */
async function ownerOf(options: SetupOptions): Promise<string | null> {
  const { account, database, bucket, workgroup } = options
  if (!workgroup.output.startsWith(`s3://${bucket}/`)) return null
  try {
    const owner = (await account.database(database))?.account ?? null
    return owner !== null && (await account.owns(owner, bucket)) ? owner : null
  } catch {
    return null // who may not look sets the workgroup up without it
  }
}
