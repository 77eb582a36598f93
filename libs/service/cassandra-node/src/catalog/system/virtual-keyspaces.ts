/** `system_virtual_schema`: the tables that have no storage anywhere. Source: Cassandra 5.0, db/virtual. */
import { blob, int, systemKeyspace, text } from './define.ts';

export const virtualSchemaKeyspace = systemKeyspace('system_virtual_schema', 'virtual', {
  keyspaces: { comment: 'virtual keyspace definitions', partition: { keyspace_name: text } },
  tables: {
    comment: 'virtual table definitions',
    partition: { keyspace_name: text },
    clustering: { table_name: text },
    regulars: { comment: text },
  },
  columns: {
    comment: 'virtual column definitions',
    partition: { keyspace_name: text },
    clustering: { table_name: text, column_name: text },
    regulars: { clustering_order: text, column_name_bytes: blob, kind: text, position: int, type: text },
  },
});
