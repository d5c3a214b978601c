import type { Column } from '@aws-sdk/client-glue'
import type { FieldType, Table } from '../../market/tables.ts'

/** Iceberg's types in Glue's words, as Iceberg Java's IcebergToGlueConverter and Trino write them. */
const TYPES: Readonly<Record<FieldType, string>> = {
  string: 'string',
  timestamp: 'timestamp',
  double: 'double',
  boolean: 'boolean',
  int: 'int',
  long: 'bigint',
  binary: 'binary',
}

/** The columns as Glue and Athena show them; what is read and written is the Iceberg schema alone. */
export const columnsOf = ({ fields }: Table): Column[] =>
  fields.map(({ id, name, type, required, doc }) => ({
    Name: name,
    Type: TYPES[type],
    Comment: doc,
    Parameters: {
      'iceberg.field.id': String(id),
      'iceberg.field.optional': String(!required),
      'iceberg.field.current': 'true',
    },
  }))
