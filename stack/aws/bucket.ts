/** Who may come to the stand-ins: moto asks nobody, MinIO knows this one alone. */
export const CREDENTIALS = { accessKeyId: 'ticklake', secretAccessKey: 'ticklake-secret' } as const
export const REGION = 'us-east-1'

/** Makes a bucket, or finds it made. */
export async function makeBucket(endpoint: string, bucket: string): Promise<void> {
  const { BucketAlreadyOwnedByYou, CreateBucketCommand, S3Client } =
    await import('@aws-sdk/client-s3')
  const client = new S3Client({
    endpoint,
    region: REGION,
    credentials: CREDENTIALS,
    forcePathStyle: true,
  })
  try {
    await client.send(new CreateBucketCommand({ Bucket: bucket }))
  } catch (error) {
    if (!(error instanceof BucketAlreadyOwnedByYou)) throw error
  } finally {
    client.destroy()
  }
}
