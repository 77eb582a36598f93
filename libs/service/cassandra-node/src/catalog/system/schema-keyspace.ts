/** `system_schema`: the schema as tables. Source: Cassandra 5.0, SchemaKeyspace. */
import {
  blob,
  boolean,
  double,
  frozen,
  int,
  list,
  map,
  set,
  systemKeyspace,
  text,
  timestamp,
  uuid,
  type TableSpec,
} from './define.ts';

const hourMs = 3_600_000;
const weekSeconds = 604_800;
const texts = frozen(map(text, text));

/** What tables and views share. */
const tableParams = {
  allow_auto_snapshot: boolean,
  bloom_filter_fp_chance: double,
  caching: texts,
  comment: text,
  compaction: texts,
  compression: texts,
  memtable: text,
  crc_check_chance: double,
  dclocal_read_repair_chance: double,
  default_time_to_live: int,
  extensions: frozen(map(text, blob)),
  gc_grace_seconds: int,
  incremental_backups: boolean,
  id: uuid,
  max_index_interval: int,
  memtable_flush_period_in_ms: int,
  min_index_interval: int,
  read_repair_chance: double,
  speculative_retry: text,
  additional_write_policy: text,
  cdc: boolean,
  read_repair: text,
};

const tables: Readonly<Record<string, TableSpec>> = {
  keyspaces: {
    comment: 'keyspace definitions',
    partition: { keyspace_name: text },
    regulars: { durable_writes: boolean, replication: texts },
  },
  tables: {
    comment: 'table definitions',
    partition: { keyspace_name: text },
    clustering: { table_name: text },
    regulars: { ...tableParams, flags: frozen(set(text)) },
  },
  columns: {
    comment: 'column definitions',
    partition: { keyspace_name: text },
    clustering: { table_name: text, column_name: text },
    regulars: { clustering_order: text, column_name_bytes: blob, kind: text, position: int, type: text },
  },
  column_masks: {
    comment: 'column dynamic data masks',
    partition: { keyspace_name: text },
    clustering: { table_name: text, column_name: text },
    regulars: {
      function_keyspace: text,
      function_name: text,
      function_argument_types: frozen(list(text)),
      function_argument_values: frozen(list(text)),
      function_argument_nulls: frozen(list(boolean)),
    },
  },
  triggers: {
    comment: 'trigger definitions',
    partition: { keyspace_name: text },
    clustering: { table_name: text, trigger_name: text },
    regulars: { options: texts },
  },
  dropped_columns: {
    comment: 'dropped column registry',
    partition: { keyspace_name: text },
    clustering: { table_name: text, column_name: text },
    regulars: { dropped_time: timestamp, kind: text, type: text },
  },
  views: {
    comment: 'view definitions',
    partition: { keyspace_name: text },
    clustering: { view_name: text },
    regulars: {
      base_table_id: uuid,
      base_table_name: text,
      where_clause: text,
      include_all_columns: boolean,
      ...tableParams,
    },
  },
  types: {
    comment: 'user defined type definitions',
    partition: { keyspace_name: text },
    clustering: { type_name: text },
    regulars: { field_names: frozen(list(text)), field_types: frozen(list(text)) },
  },
  functions: {
    comment: 'user defined function definitions',
    partition: { keyspace_name: text },
    clustering: { function_name: text, argument_types: frozen(list(text)) },
    regulars: {
      argument_names: frozen(list(text)),
      body: text,
      language: text,
      return_type: text,
      called_on_null_input: boolean,
    },
  },
  aggregates: {
    comment: 'user defined aggregate definitions',
    partition: { keyspace_name: text },
    clustering: { aggregate_name: text, argument_types: frozen(list(text)) },
    regulars: { final_func: text, initcond: text, return_type: text, state_func: text, state_type: text },
  },
  indexes: {
    comment: 'secondary index definitions',
    partition: { keyspace_name: text },
    clustering: { table_name: text, index_name: text },
    regulars: { kind: text, options: texts },
  },
};

export const schemaKeyspace = systemKeyspace(
  'system_schema',
  'local',
  Object.fromEntries(
    Object.entries(tables).map(([name, spec]) => [
      name,
      { ...spec, gcGraceSeconds: weekSeconds, options: { memtable_flush_period_in_ms: hourMs } },
    ]),
  ),
);
