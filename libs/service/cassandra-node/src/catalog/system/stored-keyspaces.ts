/**
 * The system's keyspaces whose rows the store has, as a user's: roles, traces, repairs. Source: Cassandra 5.0, AuthKeyspace,
 * TraceKeyspace, SystemDistributedKeyspace. Only their replication may be altered.
 */
import type { KeyspaceDefinition } from '../state.ts';
import {
  blob,
  boolean,
  frozen,
  inet,
  int,
  map,
  native,
  set,
  simpleReplication,
  systemKeyspace,
  text,
  timestamp,
  timeuuid,
  timeWindow,
  tuple,
  uuid,
  type TableSpec,
} from './define.ts';

const daySeconds = 86_400;

const withGrace = (
  gcGraceSeconds: number,
  tables: Readonly<Record<string, TableSpec>>,
): Readonly<Record<string, TableSpec>> =>
  Object.fromEntries(Object.entries(tables).map(([name, spec]) => [name, { gcGraceSeconds, ...spec }]));

const auth = systemKeyspace(
  'system_auth',
  'replicated',
  withGrace(90 * daySeconds, {
    roles: {
      comment: 'role definitions',
      partition: { role: text },
      regulars: { is_superuser: boolean, can_login: boolean, salted_hash: text, member_of: set(text) },
    },
    role_members: { comment: 'role memberships lookup table', partition: { role: text }, clustering: { member: text } },
    role_permissions: {
      comment: 'permissions granted to db roles',
      partition: { role: text },
      clustering: { resource: text },
      regulars: { permissions: set(text) },
    },
    resource_role_permissons_index: {
      comment: 'index of db roles with permissions granted on a resource',
      partition: { resource: text },
      clustering: { role: text },
    },
    network_permissions: {
      comment: 'user network permissions',
      partition: { role: text },
      regulars: { dcs: frozen(set(text)) },
    },
    cidr_permissions: {
      comment: 'user cidr permissions',
      partition: { role: text },
      regulars: { cidr_groups: frozen(set(text)) },
    },
    cidr_groups: {
      comment: 'cidr groups to cidrs mapping',
      partition: { cidr_group: text },
      regulars: { cidrs: frozen(set(tuple(inet, native('smallint')))) },
    },
    identity_to_role: {
      comment: 'mtls authorized identities lookup table',
      partition: { identity: text },
      regulars: { role: text },
    },
  }),
  simpleReplication(1),
);

const traces = systemKeyspace(
  'system_traces',
  'replicated',
  withGrace(0, {
    sessions: {
      comment: 'tracing sessions',
      partition: { session_id: uuid },
      regulars: {
        command: text,
        client: inet,
        coordinator: inet,
        coordinator_port: int,
        duration: int,
        parameters: map(text, text),
        request: text,
        started_at: timestamp,
      },
    },
    events: {
      comment: 'tracing events',
      partition: { session_id: uuid },
      clustering: { event_id: timeuuid },
      regulars: { activity: text, source: inet, source_port: int, source_elapsed: int, thread: text },
    },
  }),
  simpleReplication(2),
);

const monthly = { defaultTtlSeconds: 30 * daySeconds, options: { compaction: timeWindow('DAYS', '1') } };
const distributed = systemKeyspace(
  'system_distributed',
  'replicated',
  {
    repair_history: {
      comment: 'Repair history',
      partition: { keyspace_name: text, columnfamily_name: text },
      clustering: { id: timeuuid },
      regulars: {
        parent_id: timeuuid,
        range_begin: text,
        range_end: text,
        coordinator: inet,
        coordinator_port: int,
        participants: set(inet),
        participants_v2: set(text),
        exception_message: text,
        exception_stacktrace: text,
        status: text,
        started_at: timestamp,
        finished_at: timestamp,
      },
      ...monthly,
    },
    parent_repair_history: {
      comment: 'Repair history',
      partition: { parent_id: timeuuid },
      regulars: {
        keyspace_name: text,
        columnfamily_names: set(text),
        started_at: timestamp,
        finished_at: timestamp,
        exception_message: text,
        exception_stacktrace: text,
        requested_ranges: set(text),
        successful_ranges: set(text),
        options: map(text, text),
      },
      ...monthly,
    },
    view_build_status: {
      comment: 'Materialized View build status',
      partition: { keyspace_name: text, view_name: text },
      clustering: { host_id: uuid },
      regulars: { status: text },
    },
    partition_denylist: {
      comment: 'Partition keys which have been denied access',
      partition: { ks_name: text, table_name: text },
      clustering: { key: blob },
    },
  },
  simpleReplication(3),
);

/** As a new node has them. */
export const storedKeyspaces: ReadonlyMap<string, KeyspaceDefinition> = new Map(
  [auth, traces, distributed].map((keyspace) => [keyspace.name, keyspace]),
);
