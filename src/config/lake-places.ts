import { join, resolve } from 'node:path'
import { Fault } from '../flow/fault.ts'
import { pathIn } from './address.ts'
import type { Loaded } from './load.ts'
import { isS3, parseS3Address, type S3Address } from './s3-address.ts'

/** Where the Iceberg tables lie. */
export type LakePlace =
  | { readonly kind: 'file'; readonly dir: string }
  | ({ readonly kind: 's3' } & S3Address)

/** What names the tables. */
export type CatalogPlace =
  | { readonly kind: 'sqlite'; readonly file: string }
  | { readonly kind: 'glue'; readonly database: string }

/** The Glue database, and the Iceberg namespace of every lake that does not name one. */
const DATABASE = 'market'
/** What Athena takes, which is less than Glue does. */
const DATABASE_NAME = /^[a-z0-9_]{1,255}$/
const LAKE_TAKES = 'file:DIR or s3://BUCKET[/PREFIX]'
const CATALOG_TAKES = 'sqlite:FILE or glue:DATABASE'

/** Lake and catalog as the settings name them; those that are left out lie in `data`, or in Glue beside S3. */
export function lakePlaces(
  { settings: { lake: written, catalog }, cwd }: Loaded,
  data: string,
): { readonly lake: LakePlace; readonly catalog: CatalogPlace } {
  const database = glueDatabase(catalog)
  if (isS3(written)) {
    const lake = { kind: 's3', ...parseS3Address(written) } as const
    if (catalog !== null && database === null)
      return { lake, catalog: { kind: 'sqlite', file: resolve(cwd, sqliteFile(catalog)) } }
    return { lake, catalog: { kind: 'glue', database: database ?? DATABASE } }
  }
  const dir = pathIn(written, { setting: 'lake', scheme: 'file', takes: LAKE_TAKES })
  if (database !== null)
    throw new Fault('invalid', `the catalog is glue:${database}, and the lake lies on this disk`, {
      remedy:
        'Nobody who asks Glue could read it: name the lake by TICKLAKE_LAKE=s3://BUCKET/PREFIX, or leave the catalog out.',
    })
  const lakeDir = resolve(cwd, dir ?? join(data, 'lake'))
  const file = catalog === null ? join(lakeDir, 'catalog.db') : sqliteFile(catalog)
  return {
    lake: { kind: 'file', dir: lakeDir },
    catalog: { kind: 'sqlite', file: resolve(cwd, file) },
  }
}

const sqliteFile = (written: string): string =>
  pathIn(written, { setting: 'catalog', scheme: 'sqlite', takes: CATALOG_TAKES }) ?? written

function glueDatabase(written: string | null): string | null {
  if (written === null || !written.startsWith('glue:')) return null
  const database = written.slice('glue:'.length)
  if (DATABASE_NAME.test(database)) return database
  throw new Fault('invalid', `the catalog names the Glue database ${JSON.stringify(database)}`, {
    remedy: 'Athena takes lower-case letters, digits and underscores: glue:market.',
  })
}

type Places = { readonly lake: LakePlace; readonly catalog: CatalogPlace }

/** The lake for logs, screens and messages: the folder, or s3://bucket/prefix. */
export const lakeText = ({ lake }: Pick<Places, 'lake'>): string =>
  lake.kind === 'file' ? lake.dir : lake.address

/** Lake and catalog in a line, where the lake is not in the data folder; null: it is there. */
export const lakeElsewhere = (places: Places & { readonly data: string }): string | null =>
  places.lake.kind === 'file' && `${places.lake.dir}/`.startsWith(`${places.data}/`)
    ? null
    : `${lakeText(places)} (${catalogText(places)})`

/** The catalog as a setting would name it. */
export const catalogText = ({ catalog }: Pick<Places, 'catalog'>): string =>
  catalog.kind === 'glue' ? `glue:${catalog.database}` : `sqlite:${catalog.file}`

/** The Iceberg namespace of the tables: the database in Glue. */
export const namespaceOf = ({ catalog }: Pick<Places, 'catalog'>): string =>
  catalog.kind === 'glue' ? catalog.database : DATABASE
