import type { AthenaClient, WorkGroup } from '@aws-sdk/client-athena'
import { ENGINE, type Account, type Workgroup, type WorkgroupSpec } from './account.ts'
import type { During } from './sdk-account.ts'

type Workgroups = Pick<Account, 'workgroup' | 'makeWorkgroup' | 'changeWorkgroup'>

/** Athena's workgroups; what is set of one is all of its spec, and that clients cannot differ. */
export async function workgroupsOf(athena: AthenaClient, during: During): Promise<Workgroups> {
  const sdk = await import('@aws-sdk/client-athena')
  return {
    workgroup: (name) =>
      during('athena:GetWorkGroup', async () => {
        try {
          const found = await athena.send(new sdk.GetWorkGroupCommand({ WorkGroup: name }))
          // A stand-in answers that the group is null.
          return found.WorkGroup === undefined || found.WorkGroup === null
            ? null
            : workgroupIn(found.WorkGroup)
        } catch (error) {
          if (isMissing(error)) return null
          throw error
        }
      }),
    makeWorkgroup: (spec) =>
      during('athena:CreateWorkGroup', async () => {
        const command = new sdk.CreateWorkGroupCommand({
          Name: spec.name,
          Description: 'Queries of ticklake',
          Configuration: {
            ...common(spec),
            ResultConfiguration: resultsOf(spec),
            PublishCloudWatchMetricsEnabled: true,
          },
        })
        await athena.send(command)
      }),
    changeWorkgroup: (spec) =>
      during('athena:UpdateWorkGroup', async () => {
        const command = new sdk.UpdateWorkGroupCommand({
          WorkGroup: spec.name,
          State: 'ENABLED',
          ConfigurationUpdates: { ...common(spec), ResultConfigurationUpdates: resultsOf(spec) },
        })
        await athena.send(command)
      }),
  }
}

const common = ({ scanBytesMax }: WorkgroupSpec) => ({
  EnforceWorkGroupConfiguration: true,
  BytesScannedCutoffPerQuery: scanBytesMax,
  EngineVersion: { SelectedEngineVersion: ENGINE },
})

const resultsOf = ({ output, bucketOwner }: WorkgroupSpec) => ({
  OutputLocation: output,
  ...(bucketOwner !== null && { ExpectedBucketOwner: bucketOwner }),
})

/** Athena has no error of its own for it: InvalidRequestException, `WorkGroup x is not found.` */
const isMissing = (error: unknown): boolean =>
  error instanceof Error && /WorkGroup.*(?:not found|does not exist)/is.test(error.message)

function workgroupIn({ Configuration: set = {}, State }: WorkGroup): Workgroup {
  const { EffectiveEngineVersion, SelectedEngineVersion } = set.EngineVersion ?? {}
  return {
    output: set.ResultConfiguration?.OutputLocation ?? null,
    scanBytesMax: set.BytesScannedCutoffPerQuery ?? null,
    enforced: set.EnforceWorkGroupConfiguration ?? false,
    engine: EffectiveEngineVersion ?? SelectedEngineVersion ?? 'AUTO',
    enabled: State !== 'DISABLED',
  }
}
