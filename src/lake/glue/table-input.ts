import type { Column, Table as GlueTable, TableInput } from '@aws-sdk/client-glue'

const ICEBERG = 'ICEBERG'

/** What Glue is told of a table that it does not have yet. */
export type NewTable = {
  readonly name: string
  /** The folder of the table, absolute. */
  readonly location: string
  readonly columns: readonly Column[]
}

export const newTableInput = (
  { name, location, columns }: NewTable,
  metadataLocation: string,
): TableInput => ({
  Name: name,
  TableType: 'EXTERNAL_TABLE',
  Parameters: { table_type: ICEBERG, metadata_location: metadataLocation },
  StorageDescriptor: { Columns: [...columns], Location: location },
})

/** The table moved on: its pointer changes, and all else stays as other engines and people wrote it. */
export function movedTableInput(
  table: GlueTable,
  { from, to }: { readonly from: string; readonly to: string },
): TableInput {
  const { Name, Description, Owner, LastAccessTime, LastAnalyzedTime, Retention } = table
  const { StorageDescriptor, PartitionKeys, ViewOriginalText, ViewExpandedText } = table
  const { TableType, TargetTable } = table
  return {
    Name,
    Description,
    Owner,
    LastAccessTime,
    LastAnalyzedTime,
    Retention,
    StorageDescriptor,
    PartitionKeys,
    ViewOriginalText,
    ViewExpandedText,
    TableType,
    TargetTable,
    Parameters: {
      ...table.Parameters,
      table_type: ICEBERG,
      metadata_location: to,
      previous_metadata_location: from,
    },
  }
}

/** Where the table's metadata document is; null: this is no Iceberg table. */
export function metadataLocation({ Parameters = {} }: GlueTable): string | null {
  const { table_type: type, metadata_location: location } = Parameters
  return type?.toUpperCase() === ICEBERG ? (location ?? null) : null
}
