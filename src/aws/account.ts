/** The one that knows Iceberg's deletes and evolution; 2 does not. */
export const ENGINE = 'Athena engine version 3'

/** Whose credentials the default chain found. */
export type Identity = {
  /** The access key's id with its middle left out: `AKIA…3XYZ`; of a short one its end alone. */
  readonly key: string
  /** Where the chain found it, in words. */
  readonly source: string
  /** When they end; null: they do not, or nobody says. */
  readonly expiresMs: number | null
}

export type Bucket = {
  /** Null: the store does not tell. */
  readonly region: string | null
}

export type Lifecycle = {
  /** Objects of these prefixes are removed by the bucket itself. */
  readonly expiring: readonly string[]
  readonly abortsUploads: boolean
}

export type Database = {
  /** The account whose catalog it is in; null: not told. */
  readonly account: string | null
}

/** What a name of the catalog stands for. */
export type CatalogTable = { readonly kind: 'iceberg' | 'view' | 'other' }

/** What setup and doctor look at and make: the bucket in S3, the database in Glue, the workgroup in Athena. */
export type Account = Disposable & {
  readonly region: string
  identity(): Promise<Identity>
  /** Null: there is none of this name. */
  bucket(name: string): Promise<Bucket | null>
  /** Whether the bucket belongs to the account, as far as may be asked. */
  owns(account: string, bucket: string): Promise<boolean>
  versioned(bucket: string): Promise<boolean>
  lifecycle(bucket: string): Promise<Lifecycle>
  database(name: string): Promise<Database | null>
  /** `location`: where tables made in it by others go. */
  makeDatabase(name: string, location: string): Promise<void>
  table(database: string, name: string): Promise<CatalogTable | null>
  workgroup(name: string): Promise<Workgroup | null>
  makeWorkgroup(spec: WorkgroupSpec): Promise<void>
  changeWorkgroup(spec: WorkgroupSpec): Promise<void>
}

/** Runs one statement by Athena to its end and forgets what it answers. */
export type RunStatement = (sql: string, signal: AbortSignal) => Promise<void>

/** What of a workgroup of Athena is ours to set. */
export type WorkgroupSpec = {
  readonly name: string
  /** `s3://bucket/prefix/` */
  readonly output: string
  /** The most that one query may read. */
  readonly scanBytesMax: number
  /** The account that the results' bucket must be of; null: not known. */
  readonly bucketOwner: string | null
}
export type Workgroup = {
  readonly output: string | null
  readonly scanBytesMax: number | null
  /** What it sets counts, whatever a client says. */
  readonly enforced: boolean
  readonly engine: string
  readonly enabled: boolean
}

/** Bytes for a message: `10 GB`, `10.5 MB`. */
export const sizeText = (bytes: number): string =>
  bytes >= 1e9 ? `${Number((bytes / 1e9).toFixed(2))} GB` : `${Number((bytes / 1e6).toFixed(2))} MB`
